/**
 * The networks in which no WebSocket gets through, or none for long, made by a real nginx: which transport a client ends up with on
 * each, how soon, and that nothing is lost, repeated or reordered. Three nodes in processes of their own on a real Redis, and no
 * affinity: each request goes to the next of them. `NETWORKS_COUNT` messages cross every network, 20,000 unless told.
 */
import { createClient } from '@millrace/client'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Process, startNode, startRedis } from '../promises/processes.js'
import { FaultyNetwork } from '../support/faulty-network.js'
import { requireTool, tool } from '../support/tools.js'
import { Nginx } from './nginx.js'
import { IMPATIENT, NETWORKS, PATHS, type Path, startSilent } from './paths.js'

const nginxCommand = tool.nginx()
const redisServer = requireTool('redis-server', 'apt-get install redis-server')

const COUNT = Number(process.env['NETWORKS_COUNT'] ?? 20_000)
const SERVER = new URL('./server.mjs', import.meta.url).pathname

/** In the other one messages are fetched every three seconds, so it has a test of its own. */
const QUICK = PATHS.filter((path) => path !== IMPATIENT)

const until = async (condition: () => boolean, what: () => unknown, within = 20_000): Promise<void> => {
  const deadline = performance.now() + within
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`waited in vain: ${JSON.stringify(what())}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Somebody who follows numbers, of which each is one more than the one before. */
class Follower {
  readonly client: ReturnType<typeof createClient>
  /** How many came, and what was wrong with them. */
  count = 0
  readonly wrong: string[] = []
  /** When the last came. */
  at = 0
  readonly transports: string[] = []
  /** How often a connection was lost that was not given up for a better one. */
  cuts = 0
  readonly #of: string

  constructor(port: number, of: string) {
    this.#of = of
    this.client = createClient({
      url: `ws://127.0.0.1:${port}/millrace`,
      webSocket: WebSocket,
      backoff: { base: 50, cap: 300 },
    })
    this.client.on('state', ({ name, reason, retryAt }) => {
      if (
        name === 'reconnecting' &&
        retryAt !== undefined &&
        this.transports.length > 0 &&
        !/^Moving/.test(reason)
      )
        this.cuts++
      // Before there was a connection there is none to get back, however many ways have to be tried.
      if (name === 'reconnecting' && this.transports.length === 0) this.wrong.push('reconnecting at first')
      const by = this.client.transport?.name ?? ''
      if (/^(connected|degraded)$/.test(name) && this.transports.at(-1) !== by) this.transports.push(by)
    })
  }

  get isConnected(): boolean {
    return /^(connected|degraded)$/.test(this.client.state.name)
  }

  async follow(): Promise<this> {
    const room = this.client.channel(`numbers:${this.#of}`)
    room.on('message', (n) => {
      this.at = performance.now()
      this.count++
      if (n !== this.count && this.wrong.length < 5) this.wrong.push(`${n} came as number ${this.count}`)
    })
    room.on('gap', (gap) => this.wrong.push(`gap ${JSON.stringify(gap)}`))
    await room.subscribe()
    return this
  }

  /** Waits until it is as it should be in this network. */
  async settled(path: Path): Promise<void> {
    const { ends, because } = NETWORKS[path]
    await until(
      () => this.client.transport?.name === ends && this.client.transport.reason === because,
      () => [path, this.client.state, this.client.transport],
    )
  }
}

describe.skipIf(nginxCommand === undefined || redisServer === undefined)(
  'behind a real nginx, with three nodes on a real Redis and no affinity',
  { timeout: 120_000 },
  () => {
    let redis: Awaited<ReturnType<typeof startRedis>>
    let nodes: { readonly process: Process; readonly port: number }[]
    let silent: Awaited<ReturnType<typeof startSilent>>
    let nginx: Nginx<Path>
    /** Asks the first node to publish: over a WebSocket of its own, past nginx. */
    let publisher: ReturnType<typeof createClient>
    const closers: (() => unknown)[] = []

    beforeAll(async () => {
      redis = await startRedis(redisServer ?? '')
      nodes = await Promise.all([1, 2, 3].map(() => startNode(redis.url, 0, SERVER)))
      silent = await startSilent()
      const behind = { nodes: nodes.map(({ port }) => port), silent: silent.port }
      nginx = await Nginx.start(nginxCommand ?? '', behind, NETWORKS)
      publisher = createClient({ url: `ws://127.0.0.1:${nodes[0]?.port}/millrace`, webSocket: WebSocket })
      // The code of the other transports is fetched once; here it is there before anything is measured.
      const first = new Follower(nginx.ports['upgrades are stripped'], 'first')
      await first.client.connect()
      first.client.close()
    }, 60_000)
    afterEach(async () => {
      for (const close of closers.splice(0).reverse()) await close()
    })
    afterAll(async () => {
      publisher?.close()
      await nginx?.stop()
      silent?.server.close()
      silent?.server.closeAllConnections()
      await Promise.all((nodes ?? []).map(({ process }) => process.kill()))
      await redis?.process.kill()
    })

    const come = (port: number, of: string): Follower => {
      const follower = new Follower(port, of)
      closers.push(() => follower.client.close())
      return follower
    }
    const publish = (of: string, from: number, to: number, pace?: number): Promise<unknown> =>
      publisher.call('publish', { of, from, to, pause: pace }, { timeout: '120s' })

    it.each(QUICK)(
      '[P8.8] where %s: connected soon, by the best that works, and events come at once',
      async (path) => {
        const { within, ends } = NETWORKS[path]
        const of = `connect-${PATHS.indexOf(path)}`
        const since = performance.now()
        const follower = come(nginx.ports[path], of)
        const subscribed = follower.follow()
        await follower.client.connect({ timeout: '20s' })
        const took = performance.now() - since
        const first = follower.client.transport?.name
        await subscribed
        const latencies: number[] = []
        for (let n = 1; n <= 5; n++) {
          const asked = performance.now()
          await publish(of, n, n)
          await until(
            () => follower.count === n,
            () => [path, follower.count, follower.client.state],
          )
          latencies.push(follower.at - asked)
          await pause(20)
        }
        await follower.settled(path)
        const settledIn = performance.now() - since
        console.info(
          `${path}: connected in ${took.toFixed(0)} ms by ${first}, settled in ${settledIn.toFixed(0)} ms by ${ends}; events within ${Math.max(...latencies).toFixed(0)} ms`,
        )
        expect(took).toBeLessThan(within)
        expect(Math.max(...latencies)).toBeLessThan(1000)
        expect(follower.wrong).toEqual([])
      },
    )

    it(`[P8.3] [P8.4] [P8.6] ${COUNT} messages cross every network as fast as they come`, async () => {
      const followers = await Promise.all(QUICK.map((path) => come(nginx.ports[path], 'burst').follow()))
      await Promise.all(
        followers.map((follower, index) => follower.settled(QUICK[index] ?? 'only POST passes')),
      )
      const since = performance.now()
      await publish('burst', 1, COUNT)
      const published = performance.now() - since
      await until(
        () => followers.every(({ count }) => count >= COUNT),
        () => followers.map(({ count, client }) => [count, client.state]),
        100_000,
      )
      console.info(
        `${COUNT} published in ${published.toFixed(0)} ms, at ${followers.length} followers after:`,
      )
      for (const [index, { at }] of followers.entries())
        console.info(`  ${(at - since).toFixed(0)} ms where ${QUICK[index]}`)
      expect(followers.map(({ count, wrong }) => [count, wrong])).toEqual(QUICK.map(() => [COUNT, []]))
    })

    it('[P8.8] nothing is lost while paths are blocked and free again, and the client moves between all transports', async () => {
      const network = new FaultyNetwork(nginx.ports['nothing is in the way'])
      const port = await network.listen()
      closers.push(() => network.close())
      const follower = await come(port, 'switches').follow()
      const many = 4000
      const publishing = publish('switches', 1, many, 2)
      const order: Path[] = [
        'upgrades are stripped',
        'responses are collected and compressed',
        'only POST passes',
        'upgrades are answered with a page',
      ]
      for (const path of order) {
        network.target = nginx.ports[path]
        network.cut()
        await pause(1000)
      }
      // Nothing is cut any more: the client finds out by itself that a WebSocket works.
      network.target = nginx.ports['nothing is in the way']
      await until(
        () => follower.client.transport?.name === 'websocket',
        () => follower.client.transport,
        30_000,
      )
      await publishing
      await until(
        () => follower.count >= many,
        () => [follower.count, follower.client.state],
      )
      expect([follower.count, follower.wrong]).toEqual([many, []])
      console.info(`transports in turn: ${follower.transports.join(', ')}`)
      expect(new Set(follower.transports)).toEqual(new Set(['websocket', 'stream', 'poll']))
    })

    it('[P8.4] where what waits is cut, messages come within the rest between polls, and at once to who asks', async () => {
      // Where what is idle is cut, this one stays meanwhile, for the server's pings keep it alive.
      const idle = [...QUICK.filter((path) => 'idle' in NETWORKS[path])].map((path) =>
        come(nginx.ports[path], 'idle'),
      )
      await Promise.all(idle.map((one) => one.follow()))
      const since = performance.now()
      const follower = come(nginx.ports[IMPATIENT], 'slow')
      const subscribed = follower.follow()
      await follower.client.connect()
      const took = performance.now() - since
      await subscribed
      await follower.settled(IMPATIENT)
      console.info(
        `${IMPATIENT}: connected in ${took.toFixed(0)} ms, polls by itself after ${(performance.now() - since).toFixed(0)} ms`,
      )
      expect(took).toBeLessThan(NETWORKS[IMPATIENT].within)
      await pause(4000)
      const asked = performance.now()
      await publish('slow', 1, 1)
      await until(
        () => follower.count === 1,
        () => follower.client.state,
      )
      expect(follower.at - asked).toBeLessThan(3500)
      await pause(4000)
      await publish('slow', 2, 2)
      const pinged = performance.now()
      void follower.client.connect()
      await until(
        () => follower.count === 2,
        () => follower.client.state,
      )
      expect(follower.at - pinged).toBeLessThan(500)
      expect(follower.wrong).toEqual([])
      expect(idle.map(({ transports }) => transports.at(-1))).toEqual(['websocket', 'stream'])
      expect(Math.max(...idle.map(({ cuts }) => cuts))).toBe(0)
    })

    it('[P8.5] nothing is lost when a node is killed, whichever it is', async () => {
      const followers = await Promise.all(QUICK.map((path) => come(nginx.ports[path], 'killed').follow()))
      const many = 3000
      const publishing = publish('killed', 1, many, 2)
      // The first one publishes.
      for (const place of [1, 2]) {
        await pause(1500)
        const node = nodes[place]
        await node?.process.kill()
        nodes[place] = await startNode(redis.url, node?.port, SERVER)
      }
      await publishing
      await until(
        () => followers.every(({ count }) => count >= many),
        () => followers.map(({ count, client }, index) => [QUICK[index], count, client.state]),
        40_000,
      )
      expect(followers.map(({ count, wrong }) => [count, wrong])).toEqual(QUICK.map(() => [many, []]))
    })
  },
)
