/** What the attacks came to. */
import { formsOf, type Reported } from '../common/report/report.js'
import { bytes, count, figure } from '../report/format.js'
import { median } from '../report/statistics.js'
import { left, right, type Table } from '../report/table.js'
import { GROUPS, type Group } from './cases.js'
import { type AmplificationPlan, describePlan } from './plan.js'
import type { AmplificationSample, Round } from './run.js'

export interface AmplificationReport extends Reported {
  readonly plan: AmplificationPlan
  readonly samples: readonly AmplificationSample[]
}

const MEGABYTE = 2 ** 20

/** Medians of an attack's rounds. */
export interface Cost {
  readonly sent: number
  readonly received: number
  /** Bytes that came for each that was sent. */
  readonly amplification: number
  /** Milliseconds of processor: in all, for each megabyte sent, for each second. */
  readonly cpu: number
  readonly perMegabyte: number
  readonly perSecond: number
  /** Milliseconds, the longest of all rounds. */
  readonly turn: number
  /** Bytes of memory beyond what the server had. */
  readonly memory: number
}

export function costOf({ rounds, memory }: AmplificationSample): Cost {
  const of = (value: (round: Round) => number): number => median(rounds.map(value))
  return {
    sent: of(({ sent }) => sent),
    received: of(({ received }) => received),
    amplification: of(({ sent, received }) => received / sent),
    cpu: of(({ cpu }) => cpu),
    perMegabyte: of(({ cpu, sent }) => (cpu * MEGABYTE) / sent),
    perSecond: of(({ cpu, seconds }) => cpu / seconds),
    turn: Math.max(...rounds.map(({ turn }) => turn)),
    memory: Math.max(0, memory.peak - memory.before),
  }
}

/** Of bytes, in the unit that suits them. */
const size = (value: number): string =>
  value < MEGABYTE ? bytes(value) : `${count(Number((value / MEGABYTE).toPrecision(3)))} MB`

/** Of milliseconds of processor: in all, and a second where it goes on and on. */
const cpuText = ({ pace }: AmplificationSample, { cpu, perSecond }: Cost): string =>
  pace === 'on and on' ? `${figure(perSecond)} ms/s` : `${figure(cpu)} ms`

function rowOf(sample: AmplificationSample): string[] {
  const cost = costOf(sample)
  return [
    sample.limit,
    sample.does,
    sample.pace,
    ...[size(cost.sent), size(cost.received), `${figure(cost.amplification)} ×`],
    ...[cpuText(sample, cost), figure(cost.perMegabyte), figure(cost.turn), size(cost.memory)],
  ]
}

const tableOf = (group: Group, samples: readonly AmplificationSample[]): Table => ({
  title: `What it costs: ${GROUPS[group]}`,
  columns: [
    ...['limit', 'what the attacker does', 'for how long'].map(left),
    ...['sent', 'came back', 'a byte sent', 'CPU', 'CPU ms a MB sent', 'longest turn ms', 'memory'].map(
      right,
    ),
  ],
  rows: samples.map(rowOf),
  notes: [],
})

/** Those with the most of something, a sentence. */
function worst(
  samples: readonly AmplificationSample[],
  what: string,
  of: (cost: Cost) => [number, string],
): string {
  const three = samples
    .map((sample) => ({ sample, value: of(costOf(sample)) }))
    .sort((one, other) => other.value[0] - one.value[0])
    .slice(0, 3)
  const each = three.map(
    ({ sample, value: [, text] }) => `${text} (${sample.limit}: ${sample.does}, ${sample.pace})`,
  )
  return `${what}: ${each.join('; ')}.`
}

const worstOf = (samples: readonly AmplificationSample[]): string[] => [
  worst(samples, 'Most bytes for each byte sent', ({ amplification }) => [
    amplification,
    `${figure(amplification)} ×`,
  ]),
  worst(samples, 'Most processor for each megabyte sent', ({ perMegabyte }) => [
    perMegabyte,
    `${figure(perMegabyte)} ms`,
  ]),
  worst(
    samples.filter(({ pace }) => pace === 'on and on'),
    'Most processor for as long as it goes on',
    ({ perSecond }) => [perSecond, `${figure(perSecond)} ms/s`],
  ),
  worst(samples, 'Most memory', ({ memory }) => [memory, size(memory)]),
]

export const FORMS = formsOf<AmplificationReport>({
  name: 'Amplification',
  plan: ({ plan, samples }) => [
    `${describePlan(plan)}. Medians of the rounds, but of turns and memory the most.`,
    'Sent and came back: bytes at the attackers’ sockets, with those of everybody who was told something because of them. CPU, turns of the event loop (in milliseconds of processor, from 5 on) and resident memory: of the server, beyond what it takes in peace.',
    ...(samples.length === 0 ? [] : worstOf(samples)),
  ],
  tables: ({ samples }) =>
    (Object.keys(GROUPS) as Group[])
      .map((group) => [group, samples.filter((sample) => sample.group === group)] as const)
      .filter(([, some]) => some.length > 0)
      .map(([group, some]) => tableOf(group, some)),
  // What it may cost is what the tables are for; that it goes as it should is checked attack by attack.
  verdicts: () => [],
})
