/** The jitter test: connections that are dropped again and again, while messages go on. */
import { pause } from '../../common/clock.js'
import { watchOthers } from '../../common/disturbance.js'
import { arrivalsOf, type Counts, countsOf, latencyOf } from '../../common/judge/delivery.js'
import { type Quantiles, quantilesOf } from '../../common/judge/quantiles.js'
import { EVERYBODY } from '../../common/messages.js'
import { beyondOutage } from '../judge/beyond.js'
import { type ContinuityPeer, SPECS } from '../peers.js'
import { World } from '../world.js'
import type { JitterPlan } from './plan.js'

export interface JitterSample {
  readonly peer: ContinuityPeer
  readonly version: string
  readonly settings: readonly string[]
  readonly counts: Counts
  /** Outages of all clients together. */
  readonly outages: number
  /** From publication to delivery, in milliseconds; undefined when nothing was delivered. */
  readonly latency: Quantiles | undefined
  /** Of what an outage held up, from its end (or the publication, if later) to delivery. */
  readonly beyond: Quantiles | undefined
  /** Share of a core that other programs took. */
  readonly others: number
}

/** Until servers and clients are at rest after so many connections; Socket.IO's change to WebSockets meanwhile. */
const REST = 1000
/** What arrives though everybody has everything is a repeat, and has so long to show. */
const AFTERMATH = 500
/** Bytes of a message. */
const SIZE = 100

/** `programs`: where the compiled programs of the processes are, when not beside this one. */
export async function measureJitter(
  peer: ContinuityPeer,
  plan: JitterPlan,
  programs?: URL,
): Promise<JitterSample> {
  const world = await World.start(SPECS[peer], programs)
  try {
    await world.join(plan.clients, 'shared')
    await pause(REST)
    const othersSince = watchOthers(world.processes)
    await disturb(world, plan)
    const others = othersSince()
    const { version, settings = [] } = world.server.ready
    return { peer, version, settings, ...(await judge(world, plan)), others }
  } finally {
    await world.stop()
  }
}

async function disturb(world: World, plan: JitterPlan): Promise<void> {
  const { clients, messages, interval, dropEvery, outage, settling } = plan
  const duration = messages * interval
  await Promise.all([
    world.publish({ channel: EVERYBODY, from: 1, count: messages, interval, size: SIZE }),
    world.drop({ clients, every: dropEvery, outage, duration }),
  ])
  await world.wait({ first: 0, count: clients }, messages, settling)
  await pause(AFTERMATH)
}

async function judge(world: World, { messages }: JitterPlan) {
  const tallies = await world.tallies()
  const outages = await world.outages()
  const arrivals = tallies.map(arrivalsOf)
  const beyond = arrivals.flatMap((own, client) =>
    own.flatMap((arrival) => beyondOutage(arrival, outages[client] ?? []) ?? []),
  )
  return {
    counts: countsOf(tallies, messages),
    outages: outages.flat().length,
    latency: quantilesOf(arrivals.flat().map(latencyOf)),
    beyond: quantilesOf(beyond),
  }
}
