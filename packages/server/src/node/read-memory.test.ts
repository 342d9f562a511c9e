import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { READ_BYTES, ReadMemory } from './read-memory.js'

/** Reads a chunk of so many bytes of a value, only to borrow it. */
function read(memory: ReadMemory, count: number, value: number): Buffer {
  memory.into.fill(value, 0, count)
  return memory.read(count, true)
}

describe('[E39] the memory that sockets are read into', () => {
  it('keeps chunks apart, in whatever order they come, are told in part, and are let go', () => {
    const kept = fc.array(fc.record({ count: fc.integer({ min: 1, max: READ_BYTES }), pick: fc.nat() }), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(kept, fc.integer({ min: 0, max: 4 }), (steps, room) => {
        const memory = new ReadMemory(room)
        const held: { rest: Buffer; value: number }[] = []
        for (const [n, { count, pick }] of steps.entries()) {
          const value = (n % 255) + 1
          held.push({ rest: memory.keep(read(memory, count, value)), value })
          for (const one of held) expect(one.rest.every((byte) => byte === one.value)).toBe(true)
          const at = pick % (held.length + 1)
          const chosen = held[at]
          if (chosen === undefined) continue
          const left = chosen.rest.subarray(chosen.rest.length >> 1)
          if (left.length > 0 && pick % 2 === 0) {
            chosen.rest = memory.keep(left)
            expect(chosen.rest.byteOffset, 'what is kept already stays where it is').toBe(left.byteOffset)
          } else {
            memory.letGo(chosen.rest)
            held.splice(at, 1)
          }
        }
        expect(memory.free).toBe(room - held.filter(({ rest }) => memory.has(rest)).length)
        for (const { rest } of held) memory.letGo(rest)
        expect(memory.free).toBe(room)
      }),
      { numRuns: 50 },
    )
  })

  it('copies what is handed over, and nothing that lies elsewhere already', () => {
    const memory = new ReadMemory(1)
    const chunk = read(memory, 8, 1)
    const [message, kept] = [memory.owned(chunk.subarray(2, 4)), memory.keep(chunk)]
    const later = memory.owned(kept.subarray(0, 2))
    memory.letGo(kept)
    read(memory, 8, 2)
    memory.keep(read(memory, 8, 2))
    expect([...message, ...later]).toEqual([1, 1, 1, 1])
    const elsewhere = Buffer.from([7])
    expect(memory.owned(elsewhere)).toBe(elsewhere)
    expect(memory.keep(elsewhere)).toBe(elsewhere)
  })

  it('copies few bytes at once for who keeps them, and lends them to who does not', () => {
    const memory = new ReadMemory(1)
    memory.into.fill(1)
    expect(memory.has(memory.read(4_000, false))).toBe(false)
    expect(memory.has(memory.read(5_000, false))).toBe(true)
    expect(memory.has(memory.read(4_000, true))).toBe(true)
    expect([...memory.read(3, false)]).toEqual([1, 1, 1])
  })
})
