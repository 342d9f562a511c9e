/** Messages at a fixed rate: what the server takes for them by each transport, contestants taking turns. */
import { pause } from '../common/clock.js'
import { watchOthers } from '../common/disturbance.js'
import type { Counts } from '../common/judge/delivery.js'
import type { Quantiles } from '../common/judge/quantiles.js'
import type { CpuTime } from '../harness/proc.js'
import { AUDIENCES, type Audience, type Lost } from './commands.js'
import { BASE, type Contestant, titleOf } from './contestants.js'
import { JOINS, type LoadPlan, SETTLE } from './plan.js'
import { type Stage, TransportWorld } from './world.js'

/** One measured window. */
export interface LoadWindow {
  readonly round: number
  readonly seconds: number
  /** Messages that were to be delivered. */
  readonly messages: number
  /** Seconds of CPU time. */
  readonly server: CpuTime
  readonly clients: number
  /** HTTP requests that clients made. */
  readonly requests: number
  /** Share of a core that other programs took. */
  readonly others: number
}
export interface LoadSample extends Contestant {
  readonly audience: Audience
  readonly version: string
  readonly settings: readonly string[]
  readonly windows: readonly LoadWindow[]
  /** Microseconds of CPU that a publication takes which nobody hears; undefined where it was not measured. */
  readonly unheard: number | undefined
  readonly counts: Counts
  /** From publication to delivery, in milliseconds; null when nothing came. */
  readonly latency: Quantiles | null
  /** Clients whose connection ended. */
  readonly lost: Lost
}
export interface LoadOutcome {
  readonly samples: readonly LoadSample[]
  readonly failures: readonly string[]
}

/** Until servers and clients are at rest, in milliseconds. */
const REST = 500
/** What is on its way may take so long, in milliseconds, before it counts as lost. */
const PATIENCE = 10_000

interface Entrant {
  readonly contestant: Contestant
  readonly world: TransportWorld
  readonly unheard: number | undefined
  readonly windows: { readonly [A in Audience]: LoadWindow[] }
}

/** A contestant that fails is noted and out, and the others go on. */
export async function measureLoad(
  contestants: readonly Contestant[],
  plan: LoadPlan,
  stage: Stage,
): Promise<LoadOutcome> {
  const contest = new LoadContest(plan, stage)
  try {
    for (const contestant of contestants) await contest.enter(contestant)
    for (let round = 1; round <= plan.rounds; round++) await contest.round(round)
    return { samples: await contest.judge(), failures: contest.failures }
  } finally {
    await contest.stop()
  }
}

class LoadContest {
  readonly failures: string[] = []
  readonly #plan: LoadPlan
  readonly #stage: Stage
  readonly #worlds: TransportWorld[] = []
  #entrants: Entrant[] = []

  constructor(plan: LoadPlan, stage: Stage) {
    this.#plan = plan
    this.#stage = stage
  }

  async enter(contestant: Contestant): Promise<void> {
    const { clients, warmUp } = this.#plan
    await this.#attempt(contestant, async () => {
      const world = await TransportWorld.start(contestant, 1, this.#stage)
      this.#worlds.push(world)
      const unheard = contestant.transport === BASE ? await this.#publishAlone(world) : undefined
      await world.join(clients, JOINS.load, AUDIENCES)
      for (const audience of AUDIENCES) await world.publish(audience, warmUp)
      await pause(REST)
      await world.forget()
      this.#entrants.push({ contestant, world, unheard, windows: { own: [], shared: [] } })
    })
  }

  async round(round: number): Promise<void> {
    for (const audience of AUDIENCES)
      for (const entrant of this.#entrants) {
        const isWell = await this.#attempt(entrant.contestant, async () => {
          entrant.windows[audience].push(await this.#window(entrant.world, audience, round))
        })
        if (!isWell) this.#entrants = this.#entrants.filter((one) => one !== entrant)
      }
  }

  async judge(): Promise<LoadSample[]> {
    const samples: LoadSample[] = []
    for (const { contestant, world, windows, unheard } of this.#entrants)
      await this.#attempt(contestant, async () => {
        const { version, settings = [] } = world.server.ready
        const messages = this.#plan.rounds * (SETTLE + this.#plan.window)
        for (const audience of AUDIENCES) {
          await world.wait(audience, messages, PATIENCE)
          const [told] = await world.tell(audience, messages)
          if (told === undefined) throw new Error('Nobody listened')
          const { counts, latency } = told
          const { lost } = await world.standing()
          const measured = { windows: windows[audience], unheard, counts, latency, lost }
          samples.push({ ...contestant, audience, version, settings, ...measured })
        }
      })
    return samples
  }

  async stop(): Promise<void> {
    await Promise.all(this.#worlds.map((world) => world.stop()))
  }

  /** What there is to pay before anybody listens. */
  async #publishAlone(world: TransportWorld): Promise<number> {
    const { clients, warmUp, window } = this.#plan
    await world.publish('own', warmUp, clients)
    const before = (await world.usage()).cpu
    await world.publish('own', window, clients)
    const after = (await world.usage()).cpu
    return ((after.user + after.system - before.user - before.system) / (window * clients)) * 1e6
  }

  async #window(world: TransportWorld, audience: Audience, round: number): Promise<LoadWindow> {
    await world.publish(audience, SETTLE)
    const before = await edge(world)
    const othersSince = watchOthers(this.#worlds.flatMap(({ processes }) => processes))
    await world.publish(audience, this.#plan.window)
    const after = await edge(world)
    await pause(REST)
    return {
      round,
      seconds: (after.at - before.at) / 1000,
      messages: this.#plan.clients * this.#plan.window,
      server: { user: after.user - before.user, system: after.system - before.system },
      clients: after.clients - before.clients,
      requests: after.requests - before.requests,
      others: othersSince(),
    }
  }

  async #attempt(contestant: Contestant, work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      this.failures.push(`Failed: ${titleOf(contestant)}: ${(error as Error).message}`)
      return false
    }
  }
}

async function edge(world: TransportWorld) {
  const { requests } = await world.standing()
  const { cpu } = await world.usage()
  return { at: performance.now(), ...cpu, clients: world.clients[0]?.cpu() ?? 0, requests }
}
