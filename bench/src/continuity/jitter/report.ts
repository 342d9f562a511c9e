/** What the jitter test found, and whether that is what was promised. */

import { deliveredShare, ms } from '../../common/report/figures.js'
import { judgeGoal, promises } from '../../common/report/goals.js'
import { formsOf, type Reported } from '../../common/report/report.js'
import { count } from '../../report/format.js'
import { left, right, type Table } from '../../report/table.js'
import type { Verdict } from '../../report/targets.js'
import { SPECS } from '../peers.js'
import type { JitterPlan } from './plan.js'
import type { JitterSample } from './run.js'

export interface JitterReport extends Reported {
  readonly plan: JitterPlan
  readonly samples: readonly JitterSample[]
}

/** Milliseconds beyond the outage, for 99 of 100 messages that were held up. */
const BEYOND = 1000

/** Of Millrace alone: what others lose is their affair. */
export const verdictsOf = ({ samples }: Pick<JitterReport, 'samples'>): Verdict[] =>
  samples
    .filter(({ peer }) => peer === 'millrace')
    .flatMap(({ counts, beyond }) => [
      ...promises('Jitter', counts),
      { name: 'Jitter: p99 beyond the outage', atMost: BEYOND, unit: 'ms', measured: beyond?.p99 },
    ])
    .map(judgeGoal)

function planText({ clients, messages, interval, dropEvery, outage }: JitterPlan): string {
  return (
    `${count(clients)} clients in one channel; ${count(messages)} messages of 100 B, one every ${interval / 1000} s; each client's connection is reset ` +
    `every ${dropEvery / 1000} s, clients at even distances, and its new connections for ${outage / 1000} s after that.`
  )
}

const samplesTable = (samples: readonly JitterSample[]): Table => ({
  title: 'Jitter: connections dropped while messages go on',
  columns: [
    left('peer'),
    right('delivered'),
    right('lost'),
    right('repeated'),
    right('out of order'),
    right('gaps told'),
    ...['p50 ms', 'p99 ms', 'max ms', 'held up', 'beyond p50 ms', 'beyond p99 ms', 'beyond max ms'].map(
      right,
    ),
  ],
  rows: samples.map(({ peer, counts, latency, beyond }) => [
    SPECS[peer].title,
    deliveredShare(counts),
    count(counts.expected - counts.delivered),
    count(counts.repeated),
    count(counts.disordered),
    SPECS[peer].clients.tellsGaps ? count(counts.gaps) : '–',
    ...[latency?.p50, latency?.p99, latency?.max].map(ms),
    count(beyond?.count ?? 0),
    ...[beyond?.p50, beyond?.p99, beyond?.max].map(ms),
  ]),
  notes: [
    'Latency is from publication to delivery. Held up: delivered only after an outage. Beyond: from the end of that outage, or from the publication if that came later, to delivery.',
  ],
})

export const FORMS = formsOf<JitterReport>({
  name: 'Jitter',
  plan: ({ plan }) => [planText(plan)],
  tables: ({ samples }) => [samplesTable(samples)],
  verdicts: verdictsOf,
})
