import { describe, expect, it } from 'vitest'
import { FORMS, type SlowReport } from './report.js'
import type { SlowSample } from './run.js'

const { allReached, jsonReport, markdownReport, textReport } = FORMS

const sample: SlowSample = {
  peer: 'millrace',
  version: 'Millrace 0',
  feed: { size: 100, keys: 20, each: 2000 },
  without: { p50: 1, p99: 4, least: 1 },
  with: { p50: 1.1, p99: 5, least: 1 },
  lost: 0,
  thin: {
    ages: { p50: 900, p95: 1400, p99: 1500, max: 1700, count: 1000 },
    got: 800,
    skipped: 38_000,
    reconnections: 0,
    behind: 0,
  },
  memory: { before: 2 ** 26, peak: 2 ** 26 + 2 ** 23, after: 2 ** 26 },
  stalled: { queued: 4096, waiting: null, goneAfter: 15.2 },
  load: { without: 0.5, with: 0.52 },
  others: 0,
}

const report = (found: Partial<SlowSample>, more: Partial<SlowReport> = {}): SlowReport => ({
  machine: { cpu: 'C', cores: 2, memory: '1 GiB', kernel: 'K', node: 'N', date: 'D', commit: 'c' },
  versions: ['Millrace 0'],
  others: [0],
  plan: { peers: ['millrace'], fast: 200, rate: 8000, slow: 40, calm: 10 },
  samples: [{ ...sample, ...found }],
  failures: [],
  ...more,
})

describe('the report of slow-readers', () => {
  it('is content when every target is reached', () => {
    expect(allReached(report({}))).toBe(true)
  })

  it.each([
    ['the fast ones wait for longer', { with: { p50: 1.6, p99: 5, least: 1 } }],
    ['the last of them do', { with: { p50: 1, p99: 6.1, least: 1 } }],
    ['one of them lacks a message', { with: { ...sample.with, least: 0.9999 } }],
    ['one of them lost its connection', { lost: 1 }],
    [
      'a value was too old',
      { thin: { ...sample.thin, ages: { p50: 1, p95: 1, p99: 1, max: 2001, count: 1 } } },
    ],
    ['nothing was seen', { thin: { ...sample.thin, ages: null } }],
    ['a key is behind in the end', { thin: { ...sample.thin, behind: 1 } }],
    ['the thin one lost its connection', { thin: { ...sample.thin, reconnections: 1 } }],
    ['the server grew', { memory: { ...sample.memory, peak: 2 ** 27 } }],
  ])('is not when %s', (_, found) => {
    expect(allReached(report(found))).toBe(false)
  })

  it('is not when a peer failed; what others do is their affair', () => {
    expect(allReached(report({}, { failures: ['Failed: ws: it broke'] }))).toBe(false)
    expect(allReached(report({ peer: 'ws', memory: { ...sample.memory, peak: 2 ** 40 } }))).toBe(true)
  })

  it('shows what each got, and what it cost', () => {
    const text = textReport(report({}))
    for (const part of ['Millrace, 2,000 × 100 B', '1.1 ×', '1,700', '38,000', '4 KB', '15.2 s', 'reached'])
      expect(text).toContain(part)
    expect(markdownReport(report({}))).toContain('### Slow readers: what they get, and what they cost')
    expect(JSON.parse(jsonReport(report({}))).targets).toHaveLength(7)
  })
})
