/** Slow readers over real sockets: what they get, what they cost, and that nobody else notices. The server's memory is its own. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it, type TestContext } from 'vitest'
import { Ages, type Facts, type Load, LoadServer, Reader, type ReaderOptions } from './load.js'
import { numbers, pause, until } from './world.js'

/** 64 kbit/s. */
const THIN = 8_000
const MEGABYTE = 2 ** 20
/** 0.2 MB/s in messages of a length at which half a hundred clients in one process can follow. */
const FEED = { size: 400, each: 500 } as const
const SECONDS = 10
/** What history and garbage that is not collected yet may take; what is kept for a slow reader would be three megabytes a second. */
const GROWTH = 80 * MEGABYTE
const CODE = { slowConsumer: 4001, heartbeatTimeout: 4002 } as const

/** What a test starts, and ends with it. */
class Scene {
  readonly #ends: TestContext['onTestFinished']

  constructor({ onTestFinished }: TestContext) {
    this.#ends = onTestFinished
  }

  async serve(options: object = {}): Promise<LoadServer> {
    const server = await LoadServer.start(options)
    this.#ends(() => server.stop())
    return server
  }

  async joins({ port }: LoadServer, channel: string, options?: ReaderOptions): Promise<Reader> {
    const reader = await Reader.join(port, channel, options)
    this.#ends(() => reader.leave())
    return reader
  }

  async begins({ port }: LoadServer, channel: string, options?: ReaderOptions): Promise<Reader> {
    const reader = await Reader.begin(port, channel, options)
    this.#ends(() => reader.leave())
    return reader
  }

  /** Many who keep up, one behind a thin link, and one whose network stands still, while a channel goes on. */
  async among(count: number, server: LoadServer, load: Load) {
    const fast = await Promise.all(numbers(1, count).map(() => this.joins(server, load.channel)))
    const thin = await this.joins(server, load.channel, { rate: THIN })
    const stalled = await this.joins(server, load.channel)
    const before = await server.facts()
    stalled.network.hold()
    await server.begin(load)
    const [witness] = fast
    if (witness === undefined) throw new Error('nobody is fast')
    return { fast, witness, thin, stalled, before }
  }
}

/** Everything once and in order, or the number of those left out, exactly where they were. */
function expectWhole({ heard, gaps }: Reader, to: number): void {
  let last = 0
  for (const { offset, skipped } of heard) {
    const gap = gaps.find(({ from }) => from?.offset === last)
    const lost = gap === undefined ? 0 : gap.to.offset - last
    if (gap !== undefined) expect(gap).toMatchObject({ reason: 'slow-consumer', count: lost })
    expect(offset - last - 1).toBe(skipped + lost)
    last = offset
  }
  expect(last).toBe(to)
}

/** Whether this process stood still for so long, in milliseconds, that those who live in it may be taken for slow. */
function stillness(): (ms: number) => boolean {
  const delays = monitorEventLoopDelay({ resolution: 10 })
  delays.enable()
  return (ms) => delays.max / 1e6 > ms
}

const codes = ({ ends }: Facts): number[] => ends.map(({ code }) => code)
const haveAll = (readers: readonly Reader[], count: number): Promise<void> =>
  until(
    () => readers.every(({ last }) => last === count),
    () => readers.map(({ last, client }) => [last, client.state]),
  )
const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(0)} MB`

describe('[H9.1] [H9.2] one stalled and one 64 kbit/s reader among fifty', { timeout: 120_000 }, () => {
  it('of a state: what the thin one shows is two seconds old at most, it knows how much it skipped, and others miss nothing', async (context) => {
    const scene = new Scene(context)
    const server = await scene.serve({ heartbeat: 3000, patience: 3000 })
    const channel = 'state:prices'
    const among = await scene.among(50, server, { ...FEED, channel, keys: 8 })
    const { fast, witness, thin, stalled, before } = among
    const stoodStill = stillness()
    const ages = new Ages(thin, witness)
    await pause(SECONDS * 1000)
    const { [channel]: count = 0 } = await server.end()
    const { p50, p99, max } = ages.stop()
    const after = await server.facts()
    console.info(
      `state: of ${count} the thin reader got ${thin.heard.length}; its values were ${p50} ms old (p50), ${p99} (p99), ${max} at most; ` +
        `server ${megabytes(before.rss)} before, ${megabytes(after.rss)} after`,
    )
    expect(count).toBeGreaterThan(FEED.each * SECONDS * 0.9)
    expect(p99).toBeLessThan(2000)
    expect(max).toBeLessThan(3000)
    const all = fast.concat(thin)
    await haveAll(all, count)
    for (const reader of all) expectWhole(reader, count)
    if (!stoodStill(100)) for (const { heard } of fast) expect(heard).toHaveLength(count)
    expect(thin.network.connections).toBe(1)
    expect(after.rss - before.rss).toBeLessThan(GROWTH)
    // The stalled one was let go, and nobody else; it comes back to what is true now.
    expect(codes(after)).toEqual([CODE.heartbeatTimeout])
    stalled.network.heal()
    await until(
      () => [...witness.shown].every(([key, n]) => stalled.shown.get(key) === n),
      () => [stalled.client.state, [...stalled.shown]],
    )
  })
})

describe.concurrent('[H9.2] slow readers', { timeout: 120_000 }, () => {
  it('of a channel that drops the oldest: the thin one is told exactly what it lacks, the stalled one lacks nothing in the end', async (context) => {
    const scene = new Scene(context)
    const server = await scene.serve({ heartbeat: 3000, patience: 3000 })
    const channel = 'news:one'
    const { fast, thin, stalled, before } = await scene.among(20, server, { ...FEED, channel, keys: 1 })
    await pause(SECONDS * 1000)
    const { [channel]: count = 0 } = await server.end()
    const after = await server.facts()
    thin.network.rate = { up: THIN * 10, down: THIN * 10 }
    const all = fast.concat(thin)
    await haveAll(all, count)
    const lost = thin.gaps.reduce((sum, { count = 0 }) => sum + count, 0)
    console.info(
      `drop-oldest: of ${count} the thin reader got ${thin.heard.length}, and ${thin.gaps.length} gaps of ${lost} in all; ` +
        `server ${megabytes(before.rss)} before, ${megabytes(after.rss)} after`,
    )
    for (const reader of all) expectWhole(reader, count)
    expect(thin.heard.length + lost).toBe(count)
    expect(lost).toBeGreaterThan(count / 2)
    expect(thin.network.connections).toBe(1)
    expect(after.rss - before.rss).toBeLessThan(GROWTH)
    expect(codes(after)).toEqual([CODE.heartbeatTimeout])
    stalled.network.heal()
    await haveAll([stalled], count)
    expectWhole(stalled, count)
    expect(stalled.gaps).toEqual([])
  })

  it('of a channel that leaves nothing out: they are closed as slow consumers, come back, and have everything once', async (context) => {
    const scene = new Scene(context)
    // On loopback its kernel takes four megabytes before anything waits in the server: they are given so much, and the time for it.
    const server = await scene.serve({ patience: '30s' })
    const channel = 'chat:one'
    const load = { channel, size: 2000, each: 300, keys: 1 }
    const { fast, thin, stalled, before } = await scene.among(10, server, load)
    let after = before
    while (after.ends.length < 2 && after.rss < before.rss + 2 * GROWTH) {
      await pause(200)
      after = await server.facts()
    }
    const { [channel]: count = 0 } = await server.end()
    console.info(
      `disconnect: closed after ${count} messages with ${codes(after).join()}; ` +
        `server ${megabytes(before.rss)} before, ${megabytes(after.rss)} after`,
    )
    expect(codes(after)).toEqual([CODE.slowConsumer, CODE.slowConsumer])
    expect(after.slow.disconnected).toBe(2)
    expect(after.rss - before.rss).toBeLessThan(GROWTH)
    stalled.network.heal()
    thin.network.rate = { up: 2_000_000, down: 2_000_000 }
    const all = fast.concat(thin, stalled)
    await haveAll(all, count)
    for (const reader of all) {
      expectWhole(reader, count)
      expect(reader.gaps).toEqual([])
    }
  })

  it('[P3.11] [P7.1] that come back to much over a thin link are not cut, and get there though a page takes longer than a request may', async (context) => {
    const scene = new Scene(context)
    const server = await scene.serve({ heartbeat: 5000, patience: 5000 })
    const channel = 'chat:one'
    await server.begin({ channel, size: 400, keys: 1, count: 600 })
    const since = await server.beginning(channel)
    const began = performance.now()
    const reader = await scene.begins(server, channel, { rate: 2 * THIN, since })
    await until(
      () => reader.last === 600,
      () => [reader.last, reader.client.state],
      60_000,
    )
    const seconds = (performance.now() - began) / 1000
    console.info(`recovery: 600 messages of 400 B at 128 kbit/s in ${seconds.toFixed(1)} s`)
    expectWhole(reader, 600)
    // A page of 256 KiB takes 18 s, and nothing is sent twice.
    expect(seconds).toBeGreaterThan(15)
    expect(seconds).toBeLessThan(45)
    expect([reader.network.connections, codes(await server.facts())]).toEqual([1, []])
  })

  it('[H9.3] that are sent a large message are answered meanwhile', async (context) => {
    const scene = new Scene(context)
    const server = await scene.serve({ heartbeat: 5000, patience: 5000 })
    const channel = 'chat:one'
    const reader = await scene.joins(server, channel, { rate: 2 * THIN })
    await server.begin({ channel, size: 300_000, keys: 1, count: 1 })
    const took: number[] = []
    while (reader.last === 0 && took.length < 100) {
      const asked = performance.now()
      expect(await reader.client.call('echo', took.length)).toBe(took.length)
      took.push(performance.now() - asked)
      await pause(500)
    }
    const most = Math.max(...took)
    console.info(`a call while 300 KB go over 128 kbit/s: ${took.length} of ${most.toFixed(0)} ms at most`)
    expect(took.length).toBeGreaterThan(8)
    expect(most).toBeLessThan(4000)
    expect([reader.network.connections, codes(await server.facts())]).toEqual([1, []])
  })
})
