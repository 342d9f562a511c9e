/** What the test of transports found, and whether that is what was promised. */
import { formsOf, type Reported } from '../../common/report/report.js'
import { count } from '../../report/format.js'
import { SIZE } from '../commands.js'
import type { IdleSample } from '../idle.js'
import type { LoadSample } from '../load.js'
import { SETTLE, type TransportPlan } from '../plan.js'
import { verdictsOf } from './goals.js'
import { idleTable } from './idle-table.js'
import { loadTable } from './load-table.js'

export interface TransportReport extends Reported {
  readonly plan: TransportPlan
  readonly load: readonly LoadSample[]
  readonly idle: readonly IdleSample[]
}

const planText = ({ load, idle }: TransportPlan): string[] => [
  ...(load === undefined
    ? []
    : [
        `Load: ${count(load.clients)} clients, ${SIZE} B a second each; ${load.rounds} rounds of ${SETTLE} s and ${load.window} s measured, by turns, after ${load.warmUp} s on a fresh server.`,
      ]),
  ...(idle === undefined ? [] : [`Idle: for ${idle.seconds} s, one after the other.`]),
]

export const FORMS = formsOf<TransportReport>({
  name: 'Transports',
  plan: ({ plan }) => planText(plan),
  tables: ({ plan, load, idle }) => [
    ...(plan.load === undefined || load.length === 0 ? [] : [loadTable(byAudience(load), plan.load.clients)]),
    ...(plan.idle === undefined || idle.length === 0 ? [] : [idleTable(idle, plan.idle.connections)]),
  ],
  verdicts: ({ load, idle }) => verdictsOf(load, idle),
})

const byAudience = (samples: readonly LoadSample[]): LoadSample[] =>
  (['own', 'shared'] as const).flatMap((audience) => samples.filter((one) => one.audience === audience))
