/** Many connections on which nothing is said: what memory each takes, what their heartbeats cost, and whether all are alive in the end. */
import { pause } from '../common/clock.js'
import { watchOthers } from '../common/disturbance.js'
import type { CpuTime } from '../harness/proc.js'
import type { Lost } from './commands.js'
import type { Contestant } from './contestants.js'
import { BEFORE, type IdlePlan, JOINS, PER_PROCESS } from './plan.js'
import { type Stage, TransportWorld } from './world.js'

/** Bytes: of the process as the kernel counts it, of JavaScript's heap in use, and of what is held outside of it. */
export interface MemoryReading {
  readonly resident: number
  readonly heap: number
  readonly external: number
}
export interface IdleSample extends Contestant {
  readonly version: string
  readonly settings: readonly string[]
  /** Connections that came between the two readings. */
  readonly connections: number
  readonly before: MemoryReading
  readonly after: MemoryReading
  /** While all were idle. */
  readonly idle: {
    readonly seconds: number
    /** Seconds of CPU time of the server. */
    readonly server: CpuTime
    readonly requests: number
  }
  /** Clients whose connection ended; and those that lack the message that came in the end. */
  readonly lost: Lost
  readonly unreached: number
  /** Milliseconds until the last of them had it; null when nobody did. */
  readonly reachedWithin: number | null
  /** Share of a core that other programs took. */
  readonly others: number
}

/** Pages are given back some time after they became free: garbage is collected so often, with so many milliseconds in between. */
const COLLECTIONS = 3
const COLLECT_EVERY = 800
/** Milliseconds that the last message may take to reach everybody. */
const PATIENCE = 20_000

export async function measureIdle(contestant: Contestant, plan: IdlePlan, stage: Stage): Promise<IdleSample> {
  const { connections, seconds } = plan
  const crowds = Math.ceil(connections / PER_PROCESS)
  const world = await TransportWorld.start(contestant, crowds, stage)
  try {
    const othersSince = watchOthers(world.processes)
    await world.join(BEFORE, JOINS.idle, ['shared'])
    const before = await settled(world)
    await world.join(connections, JOINS.idle, ['shared'])
    const idle = await beIdle(world, seconds)
    const after = await settled(world)
    await world.publish('shared', 1)
    await world.wait('shared', 1, PATIENCE)
    const told = await world.tell('shared', 1)
    const complete = told.reduce((sum, one) => sum + one.complete, 0)
    const last = Math.max(...told.map(({ latency }) => latency?.max ?? 0))
    const { lost } = await world.standing()
    const { version, settings = [] } = world.server.ready
    return {
      ...{ ...contestant, version, settings, connections, before, after, idle, lost },
      unreached: connections + BEFORE - complete,
      reachedWithin: complete === 0 ? null : last,
      others: othersSince(),
    }
  } finally {
    await world.stop()
  }
}

async function settled(world: TransportWorld): Promise<MemoryReading> {
  for (let i = 0; i < COLLECTIONS; i++) {
    await world.collectGarbage()
    await pause(COLLECT_EVERY)
  }
  const { heap, external } = await world.usage()
  return { resident: world.server.memory().resident, heap, external }
}

async function beIdle(world: TransportWorld, seconds: number): Promise<IdleSample['idle']> {
  const before = { ...(await world.standing()), ...(await world.usage()).cpu, at: performance.now() }
  await pause(seconds * 1000)
  const after = { ...(await world.usage()).cpu, at: performance.now(), ...(await world.standing()) }
  return {
    seconds: (after.at - before.at) / 1000,
    server: { user: after.user - before.user, system: after.system - before.system },
    requests: after.requests - before.requests,
  }
}
