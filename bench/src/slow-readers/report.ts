/** What the test of slow readers found, and whether that is what was promised. */
import { megabytes, ms } from '../common/report/figures.js'
import { type Goal, judgeGoal } from '../common/report/goals.js'
import { formsOf, type Reported } from '../common/report/report.js'
import { bytes, count, figure, percent } from '../report/format.js'
import { left, right, type Table } from '../report/table.js'
import type { Verdict } from '../report/targets.js'
import { TURN } from './commands.js'
import { SPECS } from './peers.js'
import { describePlan, type SlowPlan } from './plan.js'
import type { SlowSample } from './run.js'

export interface SlowReport extends Reported {
  readonly plan: SlowPlan
  readonly samples: readonly SlowSample[]
}

/** How many times as long the fast ones may wait when slow ones are there. */
const RATIO = 1.5
/** Milliseconds by which the newest value of any key may be late at the thin reader. */
const AGE = 2000
/** What the server may take for both slow readers, in bytes. */
const GROWTH = 32 * 2 ** 20

/** Of Millrace alone: what others do is their affair. */
export const verdictsOf = ({ samples }: Pick<SlowReport, 'samples'>): Verdict[] =>
  samples
    .filter(({ peer }) => peer === 'millrace')
    .flatMap(goals)
    .map(judgeGoal)

const goals = ({ without, with: beside, thin, memory, lost }: SlowSample): Goal[] => [
  { name: 'Fast readers: p50 with slow ones', atMost: RATIO, unit: '×', measured: beside.p50 / without.p50 },
  { name: 'Fast readers: p99 with slow ones', atMost: RATIO, unit: '×', measured: beside.p99 / without.p99 },
  {
    name: 'Fast readers: messages that one of them lacks',
    atMost: 0,
    unit: '%',
    measured: (1 - Math.min(beside.least, without.least)) * 100 + lost,
  },
  {
    name: 'Thin reader: age of any value it shows, at most',
    atMost: AGE / 1000,
    unit: 's',
    measured: thin.ages === null ? undefined : thin.ages.max / 1000,
  },
  { name: 'Thin reader: keys behind in the end', atMost: 0, unit: '', measured: thin.behind },
  { name: 'Thin reader: reconnections', atMost: 0, unit: '', measured: thin.reconnections },
  {
    name: 'Server: memory beyond what it had',
    atMost: GROWTH / 2 ** 20,
    unit: 'MB',
    measured: (memory.peak - memory.before) / 2 ** 20,
  },
]

const title = ({ peer, feed }: SlowSample): string =>
  `${SPECS[peer].title}, ${count(feed.each)} × ${bytes(feed.size)}`

const fastTable = (samples: readonly SlowSample[]): Table => ({
  title: 'Slow readers: those who keep up',
  columns: [
    left('peer, messages a second'),
    ...['p50 ms without', 'with', 'ratio', 'p99 ms without', 'with', 'ratio'].map(right),
    ...['the least of them got', 'server CPU without', 'with'].map(right),
  ],
  rows: samples.map((sample) => {
    const { without, with: beside, load } = sample
    const both = (of: 'p50' | 'p99'): string[] => [
      ms(without[of]),
      ms(beside[of]),
      `${figure(beside[of] / without[of])} ×`,
    ]
    return [
      title(sample),
      ...both('p50'),
      ...both('p99'),
      percent(beside.least),
      ...[load.without, load.with].map(percent),
    ]
  }),
  notes: [
    `From publication to arrival; messages are published every ${TURN} ms, as many as are due. Without: before the slow ones came and after they left.`,
  ],
})

const slowTable = (samples: readonly SlowSample[]): Table => ({
  title: 'Slow readers: what they get, and what they cost',
  columns: [
    left('peer, messages a second'),
    ...['values p50 ms old', 'p99', 'max', 'got', 'told it skipped', 'keys behind 2 s later'].map(right),
    ...['memory MB before', 'peak', 'after'].map(right),
    ...['in the kernel for the stalled one', 'in the server at the end', 'let go after'].map(right),
  ],
  rows: samples.map((sample) => {
    const { thin, memory, stalled } = sample
    return [
      title(sample),
      ...[thin.ages?.p50, thin.ages?.p99, thin.ages?.max].map(ms),
      count(thin.got),
      sample.peer === 'millrace' ? count(thin.skipped) : '–',
      count(thin.behind),
      ...[memory.before, memory.peak, memory.after].map(megabytes),
      bytes(stalled.queued),
      stalled.waiting === null ? '–' : bytes(stalled.waiting),
      stalled.goneAfter === null ? 'never' : `${figure(stalled.goneAfter)} s`,
    ]
  }),
  notes: [
    'How old a value is: the time since a newer one of its key was published than the one that the thin reader shows, over all keys and the whole time.',
    'Let go: the server has closed its end. Millrace ends the session after 15 s, and waits 5 s more for an answer to its Close frame.',
  ],
})

export const FORMS = formsOf<SlowReport>({
  name: 'Slow readers',
  plan: ({ plan }) => [`${describePlan(plan)}.`],
  tables: ({ samples }) => [fastTable(samples), slowTable(samples)],
  verdicts: verdictsOf,
})
