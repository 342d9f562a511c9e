import { describe, expect, it } from 'vitest'
import { bytes, duration, figure, spread, times } from './format.js'
import { left, renderMarkdown, renderText, right, type Table } from './table.js'

const table: Table = {
  title: 'Mills',
  columns: [left('name'), right('wheels')],
  rows: [
    ['Upper', '2'],
    ['A|B', '1,000'],
  ],
  notes: ['Counted by hand.'],
}

describe('tables', () => {
  it('align columns as text', () => {
    expect(renderText(table).split('\n')).toEqual([
      'Mills',
      '',
      'name   wheels',
      '─────  ──────',
      'Upper       2',
      'A|B     1,000',
      'Counted by hand.',
      '',
    ])
  })

  it('become Markdown', () => {
    expect(renderMarkdown(table).split('\n')).toEqual([
      '### Mills',
      '',
      '| name | wheels |',
      '| :-- | --: |',
      '| Upper | 2 |',
      '| A\\|B | 1,000 |',
      '',
      'Counted by hand.',
      '',
    ])
  })

  it('fill missing cells', () => {
    expect(renderText({ ...table, rows: [['alone']] })).toContain('alone')
    expect(renderMarkdown({ ...table, rows: [['alone']] })).toContain('| alone |  |')
  })
})

describe('figures', () => {
  it.each([
    [0, '0'],
    [1_432_567, '1,430,000'],
    [87_345, '87,300'],
    [41.237, '41.2'],
    [0.31249, '0.312'],
    [1000, '1,000'],
  ])('write %d as %s', (value, text) => {
    expect(figure(value)).toBe(text)
  })

  it('show the range only where there is one', () => {
    expect(spread({ median: 2, min: 1, max: 3 })).toBe('2 (1–3)')
    expect(spread({ median: 2, min: 2, max: 2 })).toBe('2')
    expect(times(undefined)).toBe('–')
    expect(times({ median: 1.5, min: 1, max: 2 })).toBe('1.5 ×')
  })

  it('write sizes and durations', () => {
    expect([bytes(16), bytes(4096)]).toEqual(['16 B', '4 KB'])
    expect([duration(42), duration(600)]).toEqual(['42 s', '10 min'])
  })
})
