import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { FakeNetwork, type FakeRequest } from '../../test/requests.js'
import { again, type Batch, Upstream } from './upstream.js'

function upstream() {
  const network = new FakeNetwork()
  const log: string[] = []
  const up = new Upstream(network.ports, { sent: () => log.push('sent'), gone: (reason) => log.push(reason) })
  return { network, clock: network.clock, log, up }
}
/** The numbers and frames of a request. */
const said = ({ network }: ReturnType<typeof upstream>): string => {
  const { seq, frames } = network.last('send').body
  return `${seq}: ${frames.join(' ')}`
}

describe('[P8.3] what goes up', () => {
  it('waits until the connection has a name, and then goes in one request, numbered', async () => {
    const u = upstream()
    u.up.add('a')
    u.up.add('bc')
    await settle()
    expect(u.network.requests).toHaveLength(0)
    expect(u.up.buffered).toBe(3)
    u.up.open('n.1')
    await settle()
    expect(u.network.last('send').body).toEqual({ link: 'n.1', seq: 1, frames: ['a', 'bc'] })
    await u.network.last('send').reply()
    expect([u.up.buffered, u.log, u.network.requests.length]).toEqual([0, ['sent'], 1])
    u.up.add('d')
    await settle()
    expect(said(u)).toBe('3: d')
  })

  it('goes by one request at a time: what is said meanwhile waits for the next', async () => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    await settle()
    u.up.add('b')
    u.up.add('c')
    await settle()
    expect(u.network.count('send')).toBe(1)
    await u.network.last('send').reply()
    expect(said(u)).toBe('2: b c')
  })

  it('is not sent by itself while a poll takes it along; what is new then goes with what it must follow', async () => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    const batch = u.up.along()
    expect(batch).toEqual({ seq: 1, frames: ['a'] })
    await settle()
    expect(u.network.requests).toHaveLength(0)
    u.up.add('b')
    await settle()
    expect(said(u)).toBe('1: a b')
    u.up.came(batch)
    await u.network.last('send').reply()
    expect([u.up.buffered, u.network.count('send')]).toEqual([0, 1])
  })

  it('waits for the next poll when one has just been answered, and for no longer than that takes', async () => {
    const u = upstream()
    u.up.open('n.1')
    u.up.came(u.up.along())
    u.up.add('a')
    await settle()
    expect(u.network.requests).toHaveLength(0)
    u.up.free()
    await settle()
    expect(said(u)).toBe('1: a')
  })

  it('is sent by itself when it did not come along', async () => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    u.up.along()
    u.up.free()
    await settle()
    expect(said(u)).toBe('1: a')
  })

  it('is cut into requests that are not too large, but a frame is never cut', async () => {
    const u = upstream()
    u.up.open('n.1')
    for (const length of [40_000, 30_000, 100_000, 1]) u.up.add('x'.repeat(length))
    const sizes: string[] = []
    for (let count = 0; count < 4; count++) {
      await settle()
      const { seq, frames } = u.network.last('send').body
      sizes.push(`${seq}: ${frames.map(({ length }) => length)}`)
      await u.network.last('send').reply()
    }
    expect(sizes).toEqual(['1: 40000', '2: 30000', '3: 100000', '4: 1'])
  })

  it.each([
    ['no answer came', (u: ReturnType<typeof upstream>) => u.network.last('send').fail()],
    ['the server was busy', (u: ReturnType<typeof upstream>) => u.network.last('send').reply('', 503)],
    [
      'a page was answered',
      (u: ReturnType<typeof upstream>) => u.network.last('send').reply('<html>', 200, false),
    ],
    ['nothing was answered for ten seconds', (u: ReturnType<typeof upstream>) => u.clock.advance(10_000)],
  ])('is sent again with what was said since when %s, later and later', async (_, happens) => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    await settle()
    const waits: number[] = []
    for (let count = 1; count <= 8; count++) {
      await happens(u)
      const before = u.clock.now()
      await u.clock.until(() => u.network.count('send') > count)
      waits.push(u.clock.now() - before)
    }
    expect(waits).toEqual([50, 100, 200, 400, 800, 1000, 1000, 1000])
    u.up.add('b')
    await happens(u)
    await u.clock.advance(1000)
    expect(said(u)).toBe('1: a b')
    await u.network.last('send').reply()
    expect(u.up.buffered).toBe(0)
  })

  it.each([410, 409, 400, 403, 404, 413])('ends the connection when it is answered %i', async (status) => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    await settle()
    await u.network.last('send').reply('', status)
    u.up.add('b')
    await u.clock.advance(10_000)
    expect([u.log, u.network.count('send')]).toEqual([[`The server answered ${status}`], 1])
  })

  it('stops, and says what may not have come', async () => {
    const u = upstream()
    u.up.open('n.1')
    u.up.add('a')
    await settle()
    u.up.add('b')
    expect(u.up.stop()).toEqual({ seq: 1, frames: ['a', 'b'] })
    expect(u.network.last('send').isAborted).toBe(true)
    await u.clock.advance(60_000)
    expect([u.network.count('send'), u.clock.waiting, u.log]).toEqual([1, 0, []])
  })

  it('comes once and in order, whatever is lost, however it is taken along', async () => {
    const step = fc.constantFrom(...STEPS)
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const peer = new Peer()
        for (const what of [...steps, 'settle', 'settleNot', 'wait', 'reply', 'wait', 'reply'] as const)
          await peer[what]()
        expect(peer.came).toEqual(Array.from({ length: peer.said }, (_, index) => `f${index + 1}`))
        expect(peer.u.up.buffered).toBe(0)
      }),
    )
  })
})

const STEPS = ['add', 'along', 'settle', 'settleNot', 'reply', 'fail', 'loseAnswer', 'wait'] as const

/** A server and a network, each step of which is one thing that may happen. */
class Peer implements Record<(typeof STEPS)[number], () => Promise<void> | void> {
  readonly u = upstream()
  readonly came: string[] = []
  said = 0
  #batch: Batch | undefined
  readonly #done = new Set<unknown>()

  constructor() {
    this.u.up.open('n.1')
  }

  add(): Promise<void> {
    this.u.up.add(`f${++this.said}`)
    return settle()
  }

  along(): void {
    this.#batch ??= this.u.up.along()
  }

  settle(came = true): Promise<void> {
    const batch = this.#batch
    this.#batch = undefined
    if (batch !== undefined && came) {
      this.#take(batch)
      this.u.up.came(batch)
    } else this.u.up.free()
    return settle()
  }

  settleNot(): Promise<void> {
    return this.settle(false)
  }

  reply(): Promise<void> {
    return this.#end(true, (request) => request.reply())
  }

  fail(): Promise<void> {
    return this.#end(false, (request) => request.fail())
  }

  loseAnswer(): Promise<void> {
    return this.#end(true, (request) => request.fail())
  }

  wait(): Promise<void> {
    return this.u.clock.advance(2000)
  }

  async #end(arrives: boolean, end: (request: FakeRequest) => Promise<void>): Promise<void> {
    const request = this.u.network.requests.filter((one) => !one.isAborted && !this.#done.has(one)).at(-1)
    if (request === undefined) return
    this.#done.add(request)
    if (arrives) this.#take(request.body)
    await end(request)
  }

  #take({
    seq = 1,
    frames,
  }: {
    readonly seq?: number | undefined
    readonly frames: readonly string[]
  }): void {
    expect(seq).toBeLessThanOrEqual(this.came.length + 1)
    this.came.push(...frames.slice(this.came.length + 1 - seq))
  }
}

describe('the wait before another try', () => {
  it('is random, grows, and has an end', () => {
    expect([0, 1, 4, 5, 2000].map((fails) => again(fails, () => 1))).toEqual([100, 200, 1600, 2000, 2000])
    expect(again(3, () => 0)).toBe(0)
  })
})
