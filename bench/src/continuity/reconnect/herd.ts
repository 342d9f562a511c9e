/** All clients are cut at once, miss messages, and come back together. */
import { pause, until } from '../../common/clock.js'
import { watchOthers } from '../../common/disturbance.js'
import { type Counts, countsOf } from '../../common/judge/delivery.js'
import { type Quantiles, quantilesOf } from '../../common/judge/quantiles.js'
import { EVERYBODY } from '../../common/messages.js'
import { SPECS } from '../peers.js'
import { type ByProcess, World } from '../world.js'
import type { ReconnectPlan } from './plan.js'
import { type Attempts, attemptsOf, recoveryOf } from './recovery.js'

/** Durations are milliseconds, memory is the server's in bytes. */
export interface HerdSample {
  readonly version: string
  readonly counts: Counts
  /** From the return of the network until everybody had everything, and then one message more; undefined when it never came to that. */
  readonly recoveredAfter: number | undefined
  readonly liveAfter: number | undefined
  /** From the return of the network until a client's connection was accepted: its own wait. */
  readonly back: Quantiles | undefined
  /** From then on until it had everything. */
  readonly recovery: Quantiles | undefined
  readonly attempts: Attempts
  readonly memory: { readonly before: number; readonly peak: number; readonly after: number }
  /** Seconds of CPU time from the return of the network until all were live. */
  readonly cpu: ByProcess
  /** Share of a core that other programs took. */
  readonly others: number
}

/** Until server and clients are at rest. */
const REST = 1000
const AFTERMATH = 500

export async function measureHerd(plan: ReconnectPlan, programs?: URL): Promise<HerdSample> {
  const world = await World.start(SPECS.millrace, programs)
  try {
    await world.join(plan.clients, 'shared')
    const before = await settled(world)
    world.server.forgetPeak()
    const othersSince = watchOthers(world.processes)
    const { healed, cpu } = await cutAndReturn(world, plan)
    const others = othersSince()
    const { peak } = world.server.memory()
    const memory = { before, peak, after: await settled(world) }
    return { version: world.server.ready.version, ...(await judge(world, plan, healed)), memory, cpu, others }
  } finally {
    await world.stop()
  }
}

/** Resident memory without what could be collected. */
async function settled(world: World): Promise<number> {
  await pause(REST)
  await world.collectGarbage()
  await pause(REST)
  return world.server.memory().resident
}

/** Resolves with the moment when the network returned, and what CPU time it took from then on. */
async function cutAndReturn(world: World, plan: ReconnectPlan) {
  const { clients, messages, size, outage, patience } = plan
  const everybody = { first: 0, count: clients }
  const cut = await world.cut(everybody)
  const interval = outage / messages
  await world.publish({ channel: EVERYBODY, from: 1, count: messages, interval, size })
  await until(cut.at + outage)
  const healed = await world.heal(everybody)
  const before = world.cpu()
  await world.wait(everybody, messages, patience)
  await world.publish({ channel: EVERYBODY, from: messages + 1, count: 1, interval: 0, size })
  await world.wait(everybody, messages + 1, patience)
  const after = world.cpu()
  await pause(AFTERMATH)
  const spent = (of: keyof ByProcess): number => after[of] - before[of]
  const cpu: ByProcess = { server: spent('server'), proxy: spent('proxy'), clients: spent('clients') }
  return { healed: healed.at, cpu }
}

async function judge(world: World, { messages }: ReconnectPlan, healed: number) {
  const tallies = await world.tallies()
  const outages = (await world.outages()).flatMap((own) => own.at(-1) ?? [])
  const recoveries = tallies.flatMap((tally, client) => recoveryOf(tally, outages[client], messages) ?? [])
  const live = tallies.flatMap(({ arrived }) => arrived[messages] ?? [])
  /** From the return of the network to the last of them, when there is one for each client. */
  const last = (moments: readonly number[]): number | undefined =>
    moments.length < tallies.length ? undefined : Math.max(...moments) - healed
  return {
    counts: countsOf(tallies, messages + 1),
    recoveredAfter: last(recoveries.map(({ at }) => at)),
    liveAfter: last(live),
    back: quantilesOf(outages.flatMap(({ back }) => (back === null ? [] : [back - healed]))),
    recovery: quantilesOf(recoveries.map(({ sinceBack }) => sinceBack)),
    attempts: attemptsOf(outages),
  }
}
