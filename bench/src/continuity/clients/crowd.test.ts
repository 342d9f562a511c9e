import { describe, expect, it } from 'vitest'
import { Crowd } from './crowd.js'
import type { Ears } from './join.js'

/** A crowd of which everybody joins at once, and what each would hear by. */
async function crowd(size: number): Promise<{ readonly crowd: Crowd; readonly ears: readonly Ears[] }> {
  const ears: Ears[] = []
  const made = new Crowd(async (_, own) => void ears.push(own))
  await made.join(Array.from({ length: size }, (_, port) => ({ port, channel: 'bench:everybody' as const })))
  return { crowd: made, ears }
}

const message = (number: number) => ({ number, time: 0, filler: '' })

describe('a crowd', () => {
  it('is waited for until the last of a range has everything', async () => {
    const { crowd: all, ears } = await crowd(3)
    const waiting = all.wait({ first: 1, count: 2 }, 2, 10_000)
    for (const own of ears.slice(1)) own.message(message(1))
    ears[1]?.message(message(2))
    // Again is not more.
    ears[2]?.message(message(1))
    ears[2]?.message(message(2))
    expect(await waiting).toMatchObject({ lacking: 0 })
  })

  it('is not waited for when it has everything', async () => {
    const { crowd: all, ears } = await crowd(1)
    ears[0]?.message(message(1))
    expect(await all.wait({ first: 0, count: 1 }, 1, 10_000)).toMatchObject({ lacking: 0 })
  })

  it('is not waited for longer than patience lasts; who lacks something is counted', async () => {
    const { crowd: all, ears } = await crowd(5)
    ears[0]?.message(message(1))
    expect(await all.wait({ first: 0, count: 5 }, 1, 1)).toMatchObject({ lacking: 4 })
  })

  it('tells what each heard, in the order of their numbers', async () => {
    const { crowd: all, ears } = await crowd(2)
    ears[1]?.message(message(1))
    ears[1]?.gap()
    expect(all.tallies()).toMatchObject([
      { arrived: [], gaps: 0 },
      { published: [0], gaps: 1 },
    ])
  })
})
