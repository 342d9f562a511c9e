/** Carries out a plan, round by round. */

import type { Figures } from '../generator/measure.js'
import {
  type ConnectGroup,
  contestsOf,
  describeGroup,
  estimateGroup,
  type Group,
  isContested,
  MEMORY_SETTLE,
  MEMORY_WARMUP,
  type MemoryGroup,
  type Plan,
} from '../plan/cases.js'
import { Contest } from './contest.js'
import type { Pinning } from './machine.js'
import { peerNamed } from './peers.js'
import type { Failure, Sample } from './samples.js'
import { Session } from './session.js'

export interface Observer {
  /** A group begins. */
  group(round: number, index: number): void
  /** A server said what it is. */
  version(group: Group, server: Session['server']): void
}

export interface Outcome {
  readonly samples: Sample[]
  readonly failures: Failure[]
}

interface Turn {
  readonly plan: Plan
  readonly round: number
  readonly pinning: Pinning
  readonly observer: Observer
}

/** A peer that fails is noted and the others go on: one that is broken must not cost the figures of the rest. */
export async function carryOut(plan: Plan, pinning: Pinning, observer: Observer): Promise<Outcome> {
  const outcome: Outcome = { samples: [], failures: [] }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const groups of contestsOf(plan))
      await carryOutTogether(groups, { plan, round, pinning, observer }, outcome)
  }
  return outcome
}

/** All of these groups stand ready before the first is measured. */
async function carryOutTogether(groups: readonly Group[], turn: Turn, outcome: Outcome): Promise<void> {
  const { plan, round } = turn
  const sessions: Session[] = []
  const attempt = async (group: Group, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      const { message } = error as Error
      outcome.failures.push({ peer: group.peer, round, what: describeGroup(group), message })
      return false
    }
  }
  const contest = new Contest(plan, attempt)
  try {
    for (const group of groups) {
      turn.observer.group(round, plan.groups.indexOf(group))
      await attempt(group, async () => {
        const session = await start(group, turn)
        sessions.push(session)
        const origin = { peer: group.peer, round }
        if (isContested(group)) await contest.enter(group, session)
        else outcome.samples.push({ ...(await measureAlone(session, group, plan)), ...origin })
      })
    }
    for await (const sample of contest.measure()) outcome.samples.push({ ...sample, round })
  } finally {
    await Promise.all(sessions.map((session) => session.stop()))
  }
}

async function start(group: Group, { pinning, observer }: Turn): Promise<Session> {
  const session = await Session.start(peerNamed(group.peer), {
    idleChannels: group.scenario === 'idle-channels' ? group.idleChannels : 0,
    collectable: group.scenario === 'memory',
    pinning,
  })
  observer.version(group, session.server)
  return session
}

async function measureAlone(session: Session, group: ConnectGroup | MemoryGroup, plan: Plan) {
  if (group.scenario === 'memory') return measureMemory(session, group.connections)
  const { scenario, atOnce, kept } = group
  const window = { warmup: plan.firstWarmup, seconds: plan.seconds }
  const expected = estimateGroup(group, plan)
  const figures = (await session.ask({ do: 'connect', atOnce, kept, window }, expected)) as Figures
  return { scenario, atOnce, kept, figures }
}

/** Resident memory with a few connections, and with `connections` more of them. */
async function measureMemory(session: Session, connections: number) {
  const open = (count: number) => session.ask({ do: 'open', role: 'subscriber', count }, connections / 500)
  await open(MEMORY_WARMUP)
  const before = await settled(session)
  await open(connections)
  const after = await settled(session)
  const { standing } = (await session.ask({ do: 'standing' }, 1)) as { standing: number }
  const lost = connections + MEMORY_WARMUP - standing
  if (lost > 0) throw new Error(`${lost} idle connections were lost`)
  return { scenario: 'memory' as const, connections, before, after }
}

/** Collects garbage, lets the process settle, and collects again: pages are given back some time after they became free. */
async function settled(session: Session): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await session.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, (MEMORY_SETTLE * 1000) / 3))
  }
  return session.resident()
}
