import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BEGIN, DOCS_FILE, END, fill } from './write-docs.js'

describe('docs/performance.md', () => {
  it('gets its tables between the markers, and nothing else changes', () => {
    const page = `before\n${BEGIN}\nold\n${END}\nafter\n`
    const filled = fill(page, 'new\n')
    expect(filled).toBe(`before\n${BEGIN}\n\nnew\n\n${END}\nafter\n`)
    expect(fill(filled, 'new')).toBe(filled)
  })

  it('must have the markers', () => {
    expect(() => fill('nothing', 'new')).toThrow('lacks')
    expect(() => fill(readFileSync(DOCS_FILE, 'utf8'), 'new')).not.toThrow()
  })
})
