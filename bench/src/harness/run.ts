/** Carries out a plan, round by round. */
import type { Figures, Window } from '../generator/measure.js'
import {
  connectionsOf,
  estimateGroup,
  type Group,
  MEMORY_SETTLE,
  MEMORY_WARMUP,
  type Plan,
} from '../plan/cases.js'
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

/** A failing group is noted and the next one runs: one broken peer must not cost the figures of the others. */
export async function carryOut(plan: Plan, pinning: Pinning, observer: Observer): Promise<Outcome> {
  const outcome: Outcome = { samples: [], failures: [] }
  for (let round = 1; round <= plan.rounds; round++) {
    for (const [index, group] of plan.groups.entries()) {
      observer.group(round, index)
      try {
        await runGroup(group, { plan, round, pinning, observer }, outcome.samples)
      } catch (error) {
        const what = describeGroup(group)
        outcome.failures.push({ peer: group.peer, round, what, message: (error as Error).message })
      }
    }
  }
  return outcome
}

async function runGroup(group: Group, turn: Turn, samples: Sample[]): Promise<void> {
  const session = await Session.start(peerNamed(group.peer), {
    idleChannels: group.scenario === 'idle-channels' ? group.idleChannels : 0,
    collectable: group.scenario === 'memory',
    pinning: turn.pinning,
  })
  try {
    turn.observer.version(group, session.server)
    const origin = { peer: group.peer, round: turn.round }
    for await (const sample of measureGroup(session, group, turn.plan)) {
      samples.push({ ...sample, ...origin } as Sample)
    }
  } finally {
    await session.stop()
  }
}

/** A sample as the scenario makes it, before it is told its peer and round. */
type Bare = Sample extends infer S ? (S extends Sample ? Omit<S, 'peer' | 'round'> : never) : never

async function* measureGroup(session: Session, group: Group, plan: Plan): AsyncGenerator<Bare> {
  const first: Window = { warmup: plan.firstWarmup, seconds: plan.seconds }
  const later: Window = { warmup: plan.warmup, seconds: plan.seconds }
  const expected = estimateGroup(group, plan)
  switch (group.scenario) {
    case 'fan-out':
    case 'idle-channels': {
      const { runs, peer: _, ...place } = group
      await session.ask({ do: 'open', role: 'subscriber', count: group.subscribers }, expected)
      await session.ask({ do: 'open', role: 'publisher', count: 1 }, expected)
      for (const [index, run] of runs.entries()) {
        const window = index === 0 ? first : later
        const figures = (await session.ask({ do: 'fan-out', ...run, window }, expected)) as Figures
        yield { ...place, ...run, figures } as Bare
      }
      return
    }
    case 'echo':
      await session.ask({ do: 'open', role: 'echo', count: group.connections }, expected)
      for (const [index, run] of group.runs.entries()) {
        const window = index === 0 ? first : later
        const figures = (await session.ask({ do: 'echo', ...run, window }, expected)) as Figures
        yield { scenario: 'echo', connections: group.connections, ...run, figures }
      }
      return
    case 'connect': {
      const { scenario, atOnce, kept } = group
      const figures = (await session.ask({ do: 'connect', atOnce, kept, window: first }, expected)) as Figures
      yield { scenario, atOnce, kept, figures }
      return
    }
    case 'memory':
      yield await measureMemory(session, group.connections)
  }
}

/** Resident memory with a few connections, and with `connections` more of them. */
async function measureMemory(session: Session, connections: number): Promise<Bare> {
  const open = (count: number) => session.ask({ do: 'open', role: 'subscriber', count }, connections / 500)
  await open(MEMORY_WARMUP)
  const before = await settled(session)
  await open(connections)
  const after = await settled(session)
  const { standing } = (await session.ask({ do: 'standing' }, 1)) as { standing: number }
  const lost = connections + MEMORY_WARMUP - standing
  if (lost > 0) throw new Error(`${lost} idle connections were lost`)
  return { scenario: 'memory', connections, before, after }
}

/** Collects garbage, lets the process settle, and collects again: pages are given back some time after they became free. */
async function settled(session: Session): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await session.collectGarbage()
    await new Promise((resolve) => setTimeout(resolve, (MEMORY_SETTLE * 1000) / 3))
  }
  return session.resident()
}

export function describeGroup(group: Group): string {
  const connections = `${connectionsOf(group).toLocaleString('en')} connections`
  switch (group.scenario) {
    case 'idle-channels':
      return `idle-channels, ${connections}, ${group.idleChannels.toLocaleString('en')} idle channels`
    case 'connect':
      return `connect, ${group.atOnce} at once`
    default:
      return `${group.scenario}, ${connections}`
  }
}
