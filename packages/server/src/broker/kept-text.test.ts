import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { TextMemory } from '../node/text-memory.js'
import { brokerContract, FakeClock, settle } from '../testing/index.js'
import { MemoryBroker } from './index.js'
import { fromKept, toKept } from './kept-text.js'

const ALL = { before: Number.MAX_SAFE_INTEGER, limit: 1000 }
const world = (texts?: TextMemory) => {
  const clock = new FakeClock()
  return { clock, broker: new MemoryBroker({ clock, epoch: 'e', ...(texts && { texts }) }) }
}

describe('[B17] a memory broker that keeps long texts elsewhere', () => {
  brokerContract(
    async () => {
      const { clock, broker } = world(new TextMemory())
      return { broker, advance: (ms) => clock.advance(ms), settle, close: () => broker.close() }
    },
    { it, equal: (actual, expected) => expect(actual).toEqual(expected) },
  )

  test('keeps copies, so that what is delivered may go at once', () => {
    const publication = { offset: 1, time: 0, data: { codec: 'json' as const, text: '"short"' } }
    const kept = toKept(publication, new TextMemory())
    expect(fromKept(kept)).toEqual(publication)
    expect([kept === publication, kept.data === publication.data]).toEqual([false, false])
  })

  test('says what one says that does not, and what it said once stays so', async () => {
    const text = fc
      .tuple(fc.nat({ max: 9 }), fc.constantFrom(1, 4095, 4096, 5000, 20_000, 140_000))
      .map(([digit, length]) => `"${String(digit).repeat(length)}"`)
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ text, key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }) }),
      },
      fc.record({ wait: fc.integer({ min: 1, max: 2000 }) }),
      fc.record({ limit: fc.integer({ min: 1, max: 8 }) }),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.boolean(), async (steps, latest) => {
        const both = [world(), world(new TextMemory())] as const
        const options = { size: 4, ttl: 3000, latest }
        const heard: unknown[][] = []
        for (const one of steps) {
          const said = both.map(async ({ clock, broker }) => {
            if ('wait' in one) return clock.advance(one.wait)
            if ('limit' in one) return broker.read('a:b', { ...ALL, limit: one.limit }, options)
            const { text, key } = one
            const about = latest ? { key: key ?? 'a' } : {}
            return broker.append('a:b', { data: { codec: 'json', text }, ...about }, options)
          })
          heard.push(await Promise.all(said))
        }
        const last = await Promise.all(both.map(({ broker }) => broker.read('a:b', ALL, options)))
        for (const [plain, other] of [...heard, last]) expect(other).toEqual(plain)
      }),
      { numRuns: 200 },
    )
  })
})
