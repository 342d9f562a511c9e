import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settle } from '../testing/index.js'
import { Inbox } from './inbox.js'

const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `f${from + index}`)

function inbox() {
  const came: string[] = []
  return { came, inbox: new Inbox((frame) => came.push(frame)) }
}

describe('[P8.3] what a client sends in requests', () => {
  it('comes once and in order: what came before is dropped, what leaves a hole is not taken', () => {
    const { came, inbox: box } = inbox()
    expect(box.take(1, numbers(1, 2))).toBe('taken')
    expect(box.take(4, numbers(4, 5))).toBe('hole')
    expect(box.take(1, numbers(1, 3))).toBe('taken')
    expect(box.take(2, numbers(2, 3))).toBe('taken')
    expect(box.take(4, numbers(4, 5))).toBe('taken')
    expect(box.take(6, [])).toBe('taken')
    expect(box.take(7, [])).toBe('hole')
    expect(came).toEqual(numbers(1, 5))
  })

  it('is the beginning of what was said, whichever bodies come and in which order', () => {
    const bodies = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 6 })))
    fc.assert(
      fc.property(bodies, (all) => {
        const { came, inbox: box } = inbox()
        for (const [seq, count] of all) {
          const before = came.length
          const taken = box.take(seq, numbers(seq, seq + count - 1))
          expect(taken).toBe(seq > before + 1 ? 'hole' : 'taken')
          expect(came).toEqual(numbers(1, Math.max(before, taken === 'hole' ? 0 : seq + count - 1)))
        }
      }),
    )
  })

  it('waits while the hub is behind, and then goes on in order', async () => {
    const { came, inbox: box } = inbox()
    box.take(1, numbers(1, 1))
    box.pause()
    const taken: string[] = []
    for (const [seq, to] of [
      [2, 3],
      [2, 4],
      [6, 6],
      [5, 5],
    ] as const)
      void Promise.resolve(box.take(seq, numbers(seq, to))).then((how) => taken.push(`${seq} ${how}`))
    await settle()
    expect([came, taken]).toEqual([numbers(1, 1), []])
    box.resume()
    await settle()
    expect(came).toEqual(numbers(1, 5))
    expect(taken).toEqual(['2 taken', '2 taken', '6 hole', '5 taken'])
  })

  it('waits again when the hub falls behind with what was waiting', async () => {
    const came: string[] = []
    const box: Inbox = new Inbox((frame) => {
      came.push(frame)
      box.pause()
    })
    const all = [1, 2, 3].map((no) => box.take(no, [`f${no}`]))
    for (const count of [1, 2, 3]) {
      await settle()
      expect(came).toEqual(numbers(1, count))
      box.resume()
    }
    expect(await Promise.all(all)).toEqual(['taken', 'taken', 'taken'])
  })

  it('does not wait where nothing is said, and is refused when too much waits', async () => {
    const { came, inbox: box } = inbox()
    box.pause()
    expect(box.take(1, [])).toBe('taken')
    const waiting = Array.from({ length: 8 }, (_, index) => box.take(index + 1, [`f${index + 1}`]))
    expect(box.take(9, ['f9'])).toBe('busy')
    box.resume()
    expect(await Promise.all(waiting)).toEqual(Array(8).fill('taken'))
    expect(box.take(9, ['f9'])).toBe('taken')
    expect(came).toEqual(numbers(1, 9))
  })
})
