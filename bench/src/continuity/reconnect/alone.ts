/** Clients are cut and come back one after the other: what recovery takes when nobody else wants anything. */

import { pause } from '../../common/clock.js'
import { watchOthers } from '../../common/disturbance.js'
import { type Counts, countsOf } from '../../common/judge/delivery.js'
import { type Quantiles, quantilesOf } from '../../common/judge/quantiles.js'
import { channelOf } from '../../common/messages.js'
import { SPECS } from '../peers.js'
import { World } from '../world.js'
import type { ReconnectPlan } from './plan.js'
import { recoveryOf } from './recovery.js'

/** Durations are milliseconds. */
export interface AloneSample {
  readonly counts: Counts
  /** From the client's connection being accepted to its last missed message. */
  readonly recovery: Quantiles | undefined
  /** From the return of its network: with its own wait before it tried. */
  readonly sinceHealed: Quantiles | undefined
  /** Share of a core that other programs took. */
  readonly others: number
}

const REST = 1000

export async function measureAlone(plan: ReconnectPlan, programs?: URL): Promise<AloneSample> {
  const world = await World.start(SPECS.millrace, programs)
  try {
    await world.join(plan.alone, 'own')
    await pause(REST)
    const othersSince = watchOthers(world.processes)
    for (let client = 0; client < plan.alone; client++) await cutAndReturn(world, plan, client)
    const others = othersSince()
    await pause(REST)
    return { ...(await judge(world, plan)), others }
  } finally {
    await world.stop()
  }
}

/** Each has a channel of its own, so that nobody else is busy with what it misses. */
async function cutAndReturn(
  world: World,
  { messages, size, patience }: ReconnectPlan,
  client: number,
): Promise<void> {
  const range = { first: client, count: 1 }
  await world.cut(range)
  await world.publish({ channel: channelOf(client), from: 1, count: messages, interval: 0, size })
  await world.heal(range)
  await world.wait(range, messages, patience)
}

async function judge(world: World, { messages }: ReconnectPlan) {
  const tallies = await world.tallies()
  const outages = await world.outages()
  const recoveries = tallies.flatMap(
    (tally, client) => recoveryOf(tally, outages[client]?.at(-1), messages) ?? [],
  )
  return {
    counts: countsOf(tallies, messages),
    recovery: quantilesOf(recoveries.map(({ sinceBack }) => sinceBack)),
    sinceHealed: quantilesOf(recoveries.map(({ sinceHealed }) => sinceHealed)),
  }
}
