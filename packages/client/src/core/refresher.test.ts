import { CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { world as newWorld } from '../../test/world.js'

interface Asked {
  readonly signal: { readonly aborted: boolean }
  give(token: string): Promise<void>
  refuse(): Promise<void>
}

/** A client whose token is asked of the test; the first is given, and holds for so many milliseconds. */
async function world(expires: number | undefined) {
  const asked: Asked[] = []
  const w = newWorld({
    token: ({ signal }) =>
      new Promise<string>((resolve, reject) => {
        asked.push({
          signal,
          give: async (token) => {
            resolve(token)
            await settle()
          },
          refuse: async () => {
            reject(new Error('The login server is away'))
            await settle()
          },
        })
      }),
  })
  w.client.connect()
  await settle()
  await asked[0]?.give('first')
  await w.socket.accept({ expires })
  const last = () => {
    const one = asked.at(-1)
    if (one === undefined) throw new Error('nothing was asked')
    return one
  }
  const refreshed = (body: { expires?: number }) => w.socket.reply('refresh', 'refreshed', body)
  /** Time passes on a connection that lives, until this is so or an hour is over. */
  const until = async (condition: () => boolean) => {
    for (let waited = 0; waited < 3_600_000 && !condition(); waited += 500) {
      await w.clock.advance(500)
      if (w.client.state.name === 'connected') await w.socket.say({ id: 0, kind: 'ping', body: {} })
    }
  }
  /** How many are not told to stop. */
  const open = () => asked.filter(({ signal }) => !signal.aborted).length
  return { w, asked, last, refreshed, open, until }
}

describe('[P1.12] a token that ends', () => {
  it('is followed by another on the same connection, again and again, one at a time', async () => {
    const { w, asked, last, refreshed, until } = await world(20_000)
    for (let round = 1; round <= 5; round++) {
      await until(() => asked.length > round)
      await w.clock.advance(3_000)
      expect(asked).toHaveLength(round + 1)
      await last().give(`token ${round}`)
      expect(w.socket.last('refresh').body).toEqual({ token: `token ${round}` })
      await refreshed({ expires: 20_000 })
    }
    expect([w.sockets.length, w.client.state.name]).toEqual([1, 'connected'])
  })

  it('is followed at half of its time, or a minute before its end, and some before others', async () => {
    const waits = async (expires: number) => {
      const { w, asked, until } = await world(expires)
      const began = w.clock.now()
      await until(() => asked.length > 1)
      return w.clock.now() - began
    }
    expect(await waits(20_000)).toBeGreaterThanOrEqual(10_000)
    expect(await waits(20_000)).toBeLessThanOrEqual(13_500)
    expect(await waits(3_000_000)).toBeGreaterThanOrEqual(2_940_000)
    expect(await waits(3_000_000)).toBeLessThan(2_960_000)
  })

  it('is asked for again when that fails or hangs, never twice at once', async () => {
    const { w, asked, last, refreshed, open, until } = await world(20_000)
    await until(() => asked.length === 2)
    await last().refuse()
    await until(() => asked.length === 3)
    await last().refuse()
    await until(() => asked.length === 4)
    // This one hangs.
    await until(() => asked.length === 5)
    // That of the connection itself, and this one.
    expect([asked[3]?.signal.aborted, open()]).toEqual([true, 2])
    await last().give('at last')
    await refreshed({ expires: 20_000 })
    expect(w.client.state.name).toBe('connected')
    // What hung and comes after all is not wanted any more.
    await asked[3]?.give('too late')
    expect(w.socket.count('refresh')).toBe(1)
  })

  it('that is refused is asked for again', async () => {
    const { w, asked, last, refreshed, until } = await world(20_000)
    await until(() => asked.length === 2)
    await last().give('stale')
    await w.socket.reply('refresh', 'error', { code: CODES.unauthenticated.code, message: 'stale' })
    await until(() => asked.length === 3)
    await last().give('fresh')
    await refreshed({})
    await until(() => false)
    expect(asked).toHaveLength(3)
  })

  it('is left to the next connection when this one ends', async () => {
    const { w, asked, until } = await world(20_000)
    await until(() => asked.length === 2)
    await w.socket.drop(CODES['token-expired'].code)
    expect(asked[1]?.signal.aborted).toBe(true)
    await until(() => asked.length === 3)
    expect(w.client.state.name).toBe('reconnecting')
    await asked[2]?.give('third')
    await w.socket.accept({ expires: 20_000 })
    expect(w.socket.last('connect').body.token).toBe('third')
  })

  it('without an end is not asked for, nor one that is always the same', async () => {
    const { asked, until } = await world(undefined)
    await until(() => false)
    expect(asked).toHaveLength(1)
    const fixed = newWorld({ token: 'always' })
    fixed.client.connect()
    await settle()
    await fixed.socket.accept({ expires: 5_000 })
    await fixed.clock.advance(4_900)
    expect(fixed.socket.count('refresh')).toBe(0)
  })
})
