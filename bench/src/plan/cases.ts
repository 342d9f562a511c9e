/** What is measured: groups of runs that share one server process and its connections. */
import type { PeerName } from '../harness/peers.js'

export const SCENARIOS = ['fan-out', 'echo', 'connect', 'memory', 'idle-channels'] as const
export type ScenarioName = (typeof SCENARIOS)[number]

export interface FanOutRun {
  /** Bytes of payload. */
  readonly size: number
  readonly outstanding: number
}

export interface EchoRun {
  readonly size: number
  readonly inFlight: number
}

export interface FanOutGroup {
  readonly scenario: 'fan-out'
  readonly peer: PeerName
  readonly subscribers: number
  readonly runs: readonly FanOutRun[]
}

export interface IdleChannelsGroup {
  readonly scenario: 'idle-channels'
  readonly peer: PeerName
  readonly subscribers: number
  readonly idleChannels: number
  readonly runs: readonly FanOutRun[]
}

export interface EchoGroup {
  readonly scenario: 'echo'
  readonly peer: PeerName
  readonly connections: number
  readonly runs: readonly EchoRun[]
}

export interface ConnectGroup {
  readonly scenario: 'connect'
  readonly peer: PeerName
  readonly atOnce: number
  readonly kept: number
}

export interface MemoryGroup {
  readonly scenario: 'memory'
  readonly peer: PeerName
  readonly connections: number
}

/** Measured against others of its kind, taking turns with them. */
export type ContestedGroup = FanOutGroup | IdleChannelsGroup | EchoGroup
export type Group = ContestedGroup | ConnectGroup | MemoryGroup

export interface Plan {
  readonly rounds: number
  readonly warmup: number
  /** Warm-up of the first run on each fresh server: until then a part of its time is the compiler's, on the same core. */
  readonly firstWarmup: number
  readonly seconds: number
  /** One round, in the order in which it runs. */
  readonly groups: readonly Group[]
}

export const isContested = (group: Group): group is ContestedGroup =>
  group.scenario !== 'connect' && group.scenario !== 'memory'

/**
 * The groups that run at the same time, taking turns: those of different peers that do the same, and those with and
 * without idle channels. The others run alone.
 */
export function contestsOf({ groups }: Pick<Plan, 'groups'>): Group[][] {
  const contests: Group[][] = []
  for (const group of groups) {
    const [rival] = contests.at(-1) ?? []
    if (rival !== undefined && isContested(group) && kindOf(rival) === kindOf(group))
      contests.at(-1)?.push(group)
    else contests.push([group])
  }
  return contests
}

const kindOf = (group: Group): string => `${group.scenario} ${connectionsOf(group)}`

/** Measured peers of each scenario, where they are installed. */
const ALL: readonly PeerName[] = ['millrace', 'engine', 'ws', 'socket.io', 'uws', 'bun']
const ECHO_CONNECTIONS = 100
const CONNECT = { atOnce: 32, kept: 500 }
const IDLE_SUBSCRIBERS = 1000

/** The case whose figures the targets compare. */
export const REFERENCE = { subscribers: 1000, size: 100, outstanding: 16 } as const

export interface PlanRequest {
  readonly quick: boolean
  readonly scenarios: readonly ScenarioName[]
  readonly peers: readonly PeerName[]
  readonly rounds?: number | undefined
  readonly seconds?: number | undefined
  readonly maxConnections: number
}

export function makePlan(request: PlanRequest): Plan {
  const matrix = request.quick ? QUICK : FULL
  const groups = SCENARIOS.flatMap((scenario) => GROUPS[scenario](matrix))
  return {
    rounds: request.rounds ?? matrix.rounds,
    warmup: matrix.warmup,
    firstWarmup: FIRST_WARMUP,
    seconds: request.seconds ?? matrix.seconds,
    groups: groups.filter(
      (group) =>
        request.scenarios.includes(group.scenario) &&
        request.peers.includes(group.peer) &&
        connectionsOf(group) <= request.maxConnections,
    ),
  }
}

/** Seconds. With 0.5 s, the first run with 300 subscribers showed about twice the user time of a run of ten seconds. */
const FIRST_WARMUP = 3

interface Matrix {
  readonly rounds: number
  readonly warmup: number
  readonly seconds: number
  readonly subscribers: readonly { readonly count: number; readonly peers: readonly PeerName[] }[]
  readonly sizes: readonly number[]
  readonly memory: readonly number[]
}

const FULL: Matrix = {
  rounds: 3,
  warmup: 1,
  seconds: 2.5,
  subscribers: [1, 100, 1000, 10_000].map((count) => ({ count, peers: ALL })),
  sizes: [16, 100, 4096],
  memory: [1000, 10_000, 19_000],
}

const QUICK: Matrix = {
  rounds: 2,
  warmup: 0.5,
  seconds: 1.5,
  // Others than Millrace are needed at the reference case only; Millrace's cost must not grow from 100 to 10,000.
  subscribers: [
    { count: 100, peers: ['millrace'] },
    { count: 1000, peers: ALL },
    { count: 10_000, peers: ['millrace'] },
  ],
  sizes: [100],
  memory: [10_000],
}

const GROUPS: { readonly [S in ScenarioName]: (matrix: Matrix) => Group[] } = {
  'fan-out': (matrix) =>
    matrix.subscribers.flatMap(({ count, peers }) =>
      peers.map((peer) => ({
        scenario: 'fan-out' as const,
        peer,
        subscribers: count,
        runs: matrix.sizes.flatMap((size) => [1, 16].map((outstanding) => ({ size, outstanding }))),
      })),
    ),
  echo: () =>
    ALL.map((peer) => ({
      scenario: 'echo' as const,
      peer,
      connections: ECHO_CONNECTIONS,
      runs: [1, 32].map((inFlight) => ({ size: REFERENCE.size, inFlight })),
    })),
  connect: () => ALL.map((peer) => ({ scenario: 'connect' as const, peer, ...CONNECT })),
  memory: (matrix) =>
    matrix.memory.flatMap((connections) =>
      ALL.map((peer) => ({ scenario: 'memory' as const, peer, connections })),
    ),
  'idle-channels': () =>
    [0, 100_000].map((idleChannels) => ({
      scenario: 'idle-channels' as const,
      peer: 'millrace' as const,
      subscribers: IDLE_SUBSCRIBERS,
      idleChannels,
      runs: [1, 16].map((outstanding) => ({ size: REFERENCE.size, outstanding })),
    })),
}

/** Connections a group opens at once, its publisher and warm-up connections included. */
export function connectionsOf(group: Group): number {
  switch (group.scenario) {
    case 'fan-out':
    case 'idle-channels':
      return group.subscribers + 1
    case 'echo':
      return group.connections
    case 'connect':
      return group.atOnce + group.kept
    case 'memory':
      return group.connections + MEMORY_WARMUP
  }
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

/** Connections opened before the first reading of memory, so that code loaded once does not count as theirs. */
export const MEMORY_WARMUP = 200

/** Rough seconds a plan takes: for the progress line and the help, not for any decision. */
export const estimate = (plan: Plan): number =>
  plan.rounds * plan.groups.reduce((sum, group) => sum + estimateGroup(group, plan), 0)

/** A window of a contest, and its own warm-up: caches are still full of the peer before it. */
export const WINDOW_SECONDS = 0.5
export const WINDOW_WARMUP = 0.2

/** How many windows a run of `seconds` is cut into. */
export const windowsOf = (seconds: number): number => Math.max(1, Math.round(seconds / WINDOW_SECONDS))

const START_SECONDS = 0.8
const RUN_OVERHEAD = 0.2
const OPENED_PER_SECOND = 5000
/** Settling before and after, and the collections of garbage. */
export const MEMORY_SETTLE = 2.5

export function estimateGroup(group: Group, plan: Plan): number {
  const opening = START_SECONDS + connectionsOf(group) / OPENED_PER_SECOND
  const run = plan.warmup + plan.seconds + RUN_OVERHEAD
  const first = plan.firstWarmup - plan.warmup
  switch (group.scenario) {
    case 'fan-out':
    case 'echo':
    case 'idle-channels':
      return opening + first + group.runs.length * (run + windowsOf(plan.seconds) * WINDOW_WARMUP)
    case 'connect':
      return START_SECONDS + first + run
    case 'memory':
      return opening + 2 * MEMORY_SETTLE
  }
}
