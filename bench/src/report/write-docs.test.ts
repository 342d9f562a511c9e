import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fileOf, fill, PLACES } from './write-docs.js'

describe('a page of docs/', () => {
  it.each(Object.values(PLACES))(
    'gets its tables between the lines $begin, and nothing else changes',
    (place) => {
      const page = `before\n${place.begin}\nold\n${place.end}\nafter\n`
      const filled = fill(page, 'new\n', place)
      expect(filled).toBe(`before\n${place.begin}\n\nnew\n\n${place.end}\nafter\n`)
      expect(fill(filled, 'new', place)).toBe(filled)
    },
  )

  it.each(Object.values(PLACES))('must have the lines $begin', (place) => {
    expect(() => fill('nothing', 'new', place)).toThrow('lacks')
    expect(() => fill(readFileSync(fileOf(place), 'utf8'), 'new', place)).not.toThrow()
  })
})
