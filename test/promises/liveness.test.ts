/** Who is alive, over real sockets and processes: the dead are known to both ends in time, and nobody who is well is lost. */
import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, it, type TestContext } from 'vitest'
import { FaultyNetwork } from '../support/faulty-network.js'
import { type End, LoadServer, Reader } from './load.js'
import { numbers, pause, until } from './world.js'

const CLIENT = fileURLToPath(new URL('./load-client.mjs', import.meta.url))
const TRANSPORTS = ['websocket', 'stream', 'poll'] as const
type Transport = (typeof TRANSPORTS)[number]
const CHANNEL = 'chat:one'
const FEED = { channel: CHANNEL, size: 200, keys: 1, each: 20 } as const
/** What both ends promise by default: 10 s of silence, and 5 s for an answer. */
const NOTICED = 15_000
/** For how long something stands still here: longer than that. */
const STILL = 20_000
const CAUGHT_UP = 3000
/** What a machine with other things to do may add. */
const SLACK = 1500

const HARMS: Readonly<Record<string, (network: FaultyNetwork) => void>> = {
  'what the server sends vanishes': (network) => network.blackHole('down'),
  'what the client sends vanishes': (network) => network.blackHole('up'),
  'everything vanishes': (network) => network.blackHole(),
  'nothing is taken any more': (network) => network.hold(),
}

class Scene {
  readonly server: LoadServer
  readonly #ends: TestContext['onTestFinished']

  private constructor(server: LoadServer, ends: TestContext['onTestFinished']) {
    this.server = server
    this.#ends = ends
  }

  static async begin({ onTestFinished }: TestContext): Promise<Scene> {
    const server = await LoadServer.start()
    onTestFinished(() => server.stop())
    return new Scene(server, onTestFinished)
  }

  async joins(transport: Transport): Promise<Reader> {
    const reader = await Reader.join(this.server.port, CHANNEL, { transports: [transport] })
    this.#ends(() => reader.leave())
    return reader
  }

  /** A client in a process of its own, over a network of its own. */
  async starts(transport: Transport): Promise<Distant> {
    const network = new FaultyNetwork(this.server.port)
    const distant = new Distant(network, await network.listen(), transport)
    this.#ends(async () => {
      distant.child.kill('SIGKILL')
      await network.close()
    })
    return distant
  }

  /** Waits for connections to end as the server sees it. */
  async ended(sessions: readonly (string | undefined)[]): Promise<readonly End[]> {
    const deadline = Date.now() + 2 * NOTICED
    for (;;) {
      const { ends } = await this.server.facts()
      const found = sessions.flatMap((session) => ends.find((end) => end.session === session) ?? [])
      if (found.length === sessions.length || Date.now() > deadline) return found
      await pause(100)
    }
  }
}

interface Heard {
  readonly n: number
  readonly at: number
  readonly heardAt: number
}
/** How long somebody who was out of touch until then took to have everything until then, and something since. */
const caughtUp = (heard: readonly Heard[], then: number): number =>
  (heard.find(({ at }) => at >= then)?.heardAt ?? Number.POSITIVE_INFINITY) - then

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
const report = (what: string, figures: Readonly<Record<string, number>>): void =>
  console.info(
    `${what}: ${Object.entries(figures)
      .map(([name, ms]) => (ms === 0 ? `not ${name.replace(' after', '')}` : `${name} ${seconds(ms)}`))
      .join(', ')}`,
  )

/** A client in a process of its own, and what it says. */
class Distant {
  readonly heard: Heard[] = []
  readonly gaps: unknown[] = []
  readonly states: string[] = []
  session: string | undefined
  readonly network: FaultyNetwork
  readonly child: ChildProcess

  constructor(network: FaultyNetwork, port: number, transport: Transport) {
    this.network = network
    this.child = fork(CLIENT, [`ws://127.0.0.1:${port}/millrace`, CHANNEL, transport], {
      // Not those of the tests, by which packages would be their sources.
      execArgv: [],
    })
    this.child.on('message', (said: { [what: string]: unknown }) => {
      const { n, at, heardAt, gap, state, subscribed } = said
      if (n !== undefined) this.heard.push({ n, at, heardAt } as Heard)
      if (gap !== undefined) this.gaps.push(gap)
      if (state !== undefined) this.states.push(String(state))
      if (subscribed !== undefined) this.session = String(subscribed)
    })
  }
}

describe.concurrent('liveness', { timeout: 90_000 }, () => {
  it('[P7.1] [P7.2] [H6.1] [P8.7] both ends know within 15 s that the other is out of reach, whatever happens on the way', async (context) => {
    const { expect } = context
    const scene = await Scene.begin(context)
    const cases = TRANSPORTS.flatMap((transport) =>
      Object.entries(HARMS).map(([what, harm]) => ({ transport, what, harm })),
    )
    const readers = await Promise.all(cases.map(({ transport }) => scene.joins(transport)))
    await Promise.all(readers.map(({ client }) => client.call('echo', 1)))
    const sessions = readers.map(({ client }) => client.session)
    const began = Date.now()
    for (const [i, { harm }] of cases.entries()) harm((readers[i] as Reader).network)
    const gone = readers.map(
      ({ client }) =>
        new Promise<number>((resolve) => {
          client.on('state', ({ name }) => {
            if (name === 'reconnecting') resolve(Date.now() - began)
          })
        }),
    )
    const ends = await scene.ended(sessions)
    const byClient = await Promise.all(gone)
    for (const [i, { transport, what }] of cases.entries()) {
      const byServer = (ends[i]?.at ?? Number.POSITIVE_INFINITY) - began
      report(`${transport}, ${what}: known`, {
        'to the client after': byClient[i] ?? 0,
        'to the server after': byServer,
      })
      expect(byClient[i], `${transport}, ${what}: client`).toBeLessThan(NOTICED + SLACK)
      expect(byServer, `${transport}, ${what}: server`).toBeLessThan(NOTICED + SLACK)
    }
  })

  it.for([
    ['frozen', STILL],
    ['blocked', STILL],
    ['blocked', STILL - 7500],
  ] as const)(
    '[H6.3] [P6.3] a server that is %s for %i ms loses no session, and all have everything soon after it',
    async ([how, still], context) => {
      const { expect } = context
      const scene = await Scene.begin(context)
      const { server } = scene
      const transports = [...TRANSPORTS, ...TRANSPORTS, 'websocket', 'websocket'] as const
      const readers = await Promise.all(transports.map((transport) => scene.joins(transport)))
      await server.begin(FEED)
      await until(
        () => readers.every(({ last }) => last > 10),
        () => readers.map(({ last }) => last),
      )
      const sessions = readers.map(({ client }) => client.session)
      const began = Date.now()
      if (how === 'blocked') await server.block(still)
      else server.process.child.kill('SIGSTOP')
      await pause(began + still - Date.now())
      server.process.child.kill('SIGCONT')
      const then = Date.now()
      await pause(CAUGHT_UP * 1.5)
      const { [CHANNEL]: count = 0 } = await server.end()
      await until(
        () => readers.every(({ last }) => last === count),
        () => readers.map(({ last, client }) => [last, client.state]),
      )
      const left = readers.map(
        ({ states }) => states.find(({ name, since }) => name === 'reconnecting' && since >= began)?.since,
      )
      for (const transport of TRANSPORTS) {
        const those = readers.filter((_, index) => transports[index] === transport)
        report(`a server that is ${how} for ${seconds(still)}, ${transport}`, {
          'left after': Math.max(
            ...left.filter((_, index) => transports[index] === transport).map((at = began) => at - began),
          ),
          'caught up after': Math.max(...those.map(({ heard }) => caughtUp(heard, then))),
        })
      }
      for (const [i, { heard, gaps, client }] of readers.entries()) {
        const transport = transports[i]
        expect(caughtUp(heard, then), transport).toBeLessThan(CAUGHT_UP)
        expect([heard.map(({ n }) => n), gaps], transport).toEqual([numbers(1, count), []])
        expect(client.session, transport).toBe(sessions[i])
        // Who stands still for less than is taken for death is not left.
        if (still < NOTICED) expect(left[i], transport).toBeUndefined()
        else expect((left[i] ?? 0) - began, transport).toBeLessThan(NOTICED + SLACK)
      }
    },
  )

  it('[P7.1] [P7.2] [P6.3] a client that is frozen for 20 s has everything soon after it, though its connection is gone without a word; one of 8 s is not let go', async (context) => {
    const { expect } = context
    const scene = await Scene.begin(context)
    const { server } = scene
    const cases = [
      ...TRANSPORTS.map((transport) => ({ transport, still: STILL, isGone: true })),
      { transport: 'websocket', still: STILL, isGone: false },
      { transport: 'websocket', still: 8000, isGone: false },
    ] as const
    const clients = await Promise.all(cases.map(({ transport }) => scene.starts(transport)))
    await until(
      () => clients.every(({ session }) => session !== undefined),
      () => clients.map(({ states }) => states),
    )
    await server.begin(FEED)
    await until(
      () => clients.every(({ heard }) => heard.length > 10),
      () => clients.map(({ heard }) => heard.length),
    )
    const began = Date.now()
    await Promise.all(
      cases.map(async ({ still, isGone }, i) => {
        clients[i]?.child.kill('SIGSTOP')
        if (isGone) clients[i]?.network.swallow()
        await pause(still)
        clients[i]?.child.kill('SIGCONT')
      }),
    )
    await pause(CAUGHT_UP * 1.5)
    const { [CHANNEL]: count = 0 } = await server.end()
    await until(
      () => clients.every(({ heard }) => heard.at(-1)?.n === count),
      () => clients.map(({ heard, states }) => [heard.at(-1), states]),
    )
    const { ends } = await server.facts()
    for (const [i, { heard, gaps, session, states }] of clients.entries()) {
      const { transport, still, isGone } = cases[i] as (typeof cases)[number]
      const what = `a client that is frozen for ${seconds(still)}, ${transport}${isGone ? ', cut off' : ''}`
      const end = ends.find((one) => one.session === session)
      const took = caughtUp(heard, began + still)
      report(what, { 'let go after': (end?.at ?? began) - began, 'caught up after': took })
      expect([heard.map(({ n }) => n), gaps], what).toEqual([numbers(1, count), []])
      expect(took, what).toBeLessThan(CAUGHT_UP)
      if (still < NOTICED) expect([end, states.includes('reconnecting')]).toEqual([undefined, false])
    }
  })
})
