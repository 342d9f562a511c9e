/** The targets, each with what was measured: the one place that says reached or missed. */
import { type PeerName, peerNamed } from '../harness/peers.js'
import type { LoadSample, Sample } from '../harness/samples.js'
import { REFERENCE } from '../plan/cases.js'
import { bytesPerConnection, cpuMicros, perSecond, pick, userMicros } from './derive.js'
import { figure, spread } from './format.js'
import { ratioOf, type Spread, spreadOf } from './statistics.js'
import { left, right, type Table } from './table.js'

export interface Target {
  readonly name: string
  readonly bound: { readonly atLeast: number } | { readonly atMost: number }
  readonly unit: '×' | 'KB'
  /** Undefined when what it needs was not measured. */
  measure(samples: readonly Sample[]): Spread | undefined
}

export interface Verdict {
  readonly name: string
  readonly bound: string
  readonly measured: string
  readonly verdict: string
  readonly reached: boolean | undefined
}

/** A delivered message may cost so much more where other channels are idle on the node before it “depends on” them. */
const INDEPENDENT = 1.1
const KB = 1024

/** The reference case, but with so many outstanding and, where it is said, so many subscribers. */
const fanOut = (
  samples: readonly Sample[],
  peer: PeerName,
  load: { readonly outstanding: number; readonly subscribers?: number },
) => pick(samples, 'fan-out', { peer, ...REFERENCE, ...load })

const echo = (samples: readonly Sample[], peer: PeerName, inFlight: number) =>
  pick(samples, 'echo', { peer, inFlight })

const fanOutRate = (other: PeerName, atLeast: number): Target => ({
  name: `Fan-out, 1,000 subscribers, 100 B, 16 outstanding: Millrace’s rate to ${peerNamed(other).title}’s`,
  bound: { atLeast },
  unit: '×',
  measure: (samples) =>
    ratioOf<LoadSample>(
      fanOut(samples, 'millrace', { outstanding: 16 }),
      fanOut(samples, other, { outstanding: 16 }),
      perSecond,
    ),
})

/** The rounds of the largest number of connections measured, up to 10,000: the case the target is read at. */
function memory(samples: readonly Sample[], peer: PeerName): Spread | undefined {
  const own = pick(samples, 'memory', { peer }).filter((one) => one.connections <= 10_000)
  const most = Math.max(...own.map((one) => one.connections))
  const values = own.filter((one) => one.connections === most).map((one) => bytesPerConnection(one) / KB)
  return values.length === 0 ? undefined : spreadOf(values)
}

const idleMemory = (peer: PeerName, what: string, atMost: number): Target => ({
  name: `Idle memory per connection: ${what}`,
  bound: { atMost },
  unit: 'KB',
  measure: (samples) => memory(samples, peer),
})

const growth = (outstanding: number): Target => ({
  name: `CPU per delivered message, ${outstanding} outstanding: 10,000 subscribers to 100`,
  bound: { atMost: 1.3 },
  unit: '×',
  measure: (samples) =>
    ratioOf<LoadSample>(
      fanOut(samples, 'millrace', { outstanding, subscribers: 10_000 }),
      fanOut(samples, 'millrace', { outstanding, subscribers: 100 }),
      cpuMicros,
    ),
})

const independence = (outstanding: number): Target => ({
  name: `CPU per delivered message, ${outstanding} outstanding: with 100,000 idle channels to without`,
  bound: { atMost: INDEPENDENT },
  unit: '×',
  measure: (samples) => {
    const beside = (idleChannels: number) =>
      pick(samples, 'idle-channels', { peer: 'millrace', outstanding, idleChannels })
    return ratioOf<LoadSample>(beside(100_000), beside(0), cpuMicros)
  },
})

export const TARGETS: readonly Target[] = [
  fanOutRate('ws', 10),
  fanOutRate('socket.io', 10),
  fanOutRate('uws', 0.8),
  {
    name: 'Fan-out, 1,000 subscribers, 100 B, 1 outstanding: Millrace’s user CPU per message to ws’s',
    bound: { atMost: 0.65 },
    unit: '×',
    measure: (samples) =>
      ratioOf<LoadSample>(
        fanOut(samples, 'millrace', { outstanding: 1 }),
        fanOut(samples, 'ws', { outstanding: 1 }),
        userMicros,
      ),
  },
  {
    name: 'Echo, 32 in flight: the engine’s rate to ws’s',
    bound: { atLeast: 5 },
    unit: '×',
    measure: (samples) =>
      ratioOf<LoadSample>(echo(samples, 'engine', 32), echo(samples, 'ws', 32), perSecond),
  },
  {
    name: 'Echo, 1 in flight: the engine’s user CPU per message to ws’s',
    bound: { atMost: 0.75 },
    unit: '×',
    measure: (samples) => ratioOf<LoadSample>(echo(samples, 'engine', 1), echo(samples, 'ws', 1), userMicros),
  },
  idleMemory('engine', 'the engine alone', 5),
  idleMemory('millrace', 'a session with one subscription', 9),
  growth(1),
  growth(16),
  independence(1),
  independence(16),
]

export const judgeAll = (samples: readonly Sample[]): Verdict[] =>
  TARGETS.map((target) => judge(target, samples))

export function judge(target: Target, samples: readonly Sample[]): Verdict {
  const { name, bound, unit } = target
  const measured = target.measure(samples)
  const limit = 'atLeast' in bound ? bound.atLeast : bound.atMost
  const text = `${'atLeast' in bound ? '≥' : '≤'} ${limit} ${unit}`
  if (measured === undefined) {
    return { name, bound: text, measured: '–', verdict: 'not measured', reached: undefined }
  }
  const reached = 'atLeast' in bound ? measured.median >= limit : measured.median <= limit
  const off = Math.abs(measured.median / limit - 1) * 100
  return {
    name,
    bound: text,
    measured: `${spread(measured)} ${unit}`,
    verdict: reached ? 'reached' : `missed by ${figure(off)} %`,
    reached,
  }
}

export const targetsTable = (verdicts: readonly Verdict[]): Table => ({
  title: 'Targets',
  columns: [left('what'), right('target'), right('measured'), left('verdict')],
  rows: verdicts.map(({ name, bound, measured, verdict }) => [name, bound, measured, verdict]),
  notes: ['Ratios are taken within each round; the median of the rounds decides.'],
})
