/** What the reconnect test found, and whether that is what was promised. */

import { megabytes, ms, seconds } from '../../common/report/figures.js'
import { type Goal, judgeGoal, promises } from '../../common/report/goals.js'
import { formsOf, type Reported } from '../../common/report/report.js'
import { count, figure } from '../../report/format.js'
import { left, right, type Table } from '../../report/table.js'
import type { Verdict } from '../../report/targets.js'
import type { AloneSample } from './alone.js'
import type { HerdSample } from './herd.js'
import type { ReconnectPlan } from './plan.js'

export interface ReconnectReport extends Reported {
  readonly plan: ReconnectPlan
  readonly herd: HerdSample | undefined
  readonly alone: AloneSample | undefined
}

/** Milliseconds. */
const LIVE = 15_000
const RECOVERY = 500

const recoveryGoal = (title: string, { recovery }: HerdSample | AloneSample): Goal => ({
  name: `${title}: p95 of recovery, from the connection`,
  atMost: RECOVERY,
  unit: 'ms',
  measured: recovery?.p95,
})

const herdGoals = (herd: HerdSample): Goal[] => [
  ...promises('All at once', herd.counts),
  {
    name: 'All at once: all live, from the return of the network',
    atMost: LIVE / 1000,
    unit: 's',
    measured: herd.liveAfter === undefined ? undefined : herd.liveAfter / 1000,
  },
  {
    name: 'All at once: connections of any client after the return',
    atMost: 1,
    unit: '',
    measured: herd.attempts.mostAfter,
  },
  recoveryGoal('All at once', herd),
]

export function verdictsOf({ herd, alone }: Pick<ReconnectReport, 'herd' | 'alone'>): Verdict[] {
  const goals = [
    ...(herd === undefined ? [] : herdGoals(herd)),
    ...(alone === undefined
      ? []
      : [...promises('One by one', alone.counts), recoveryGoal('One by one', alone)]),
  ]
  return goals.map(judgeGoal)
}

const DURATIONS = ['p50 ms', 'p95 ms', 'p99 ms', 'max ms'].map(right)
const COUNTS = ['lost', 'repeated', 'out of order', 'gaps'].map(right)

function recoveryTable({ herd, alone, plan }: ReconnectReport): Table {
  const row = (what: string, clients: number, { recovery, counts }: HerdSample | AloneSample): string[] => [
    what,
    count(clients),
    ...[recovery?.p50, recovery?.p95, recovery?.p99, recovery?.max].map(ms),
    ...[counts.expected - counts.delivered, counts.repeated, counts.disordered, counts.gaps].map(count),
  ]
  return {
    title: `Reconnect: recovery of ${count(plan.messages)} messages of ${plan.size} B`,
    columns: [left('back'), right('clients'), ...DURATIONS, ...COUNTS],
    rows: [
      ...(herd === undefined ? [] : [row('all at once', plan.clients, herd)]),
      ...(alone === undefined ? [] : [row('one by one', plan.alone, alone)]),
    ],
    notes: [
      'From the client’s new connection, when the proxy accepted it, to the last message it missed.',
      ...(alone?.sinceHealed === undefined
        ? []
        : [
            `One by one, from the return of the network, the client’s own wait included: p50 ${ms(alone.sinceHealed.p50)} ms, p95 ${ms(alone.sinceHealed.p95)} ms, max ${ms(alone.sinceHealed.max)} ms.`,
          ]),
    ],
  }
}

const herdTable = (herd: HerdSample, plan: ReconnectPlan): Table => ({
  title: `Reconnect: ${count(plan.clients)} clients at once, after an outage of ${plan.outage / 1000} s`,
  columns: [left('what'), right('figure')],
  rows: [
    [
      'from the return of the network until half of the clients had connected',
      `${seconds(herd.back?.p50)} s`,
    ],
    ['until the last had connected: its own wait', `${seconds(herd.back?.max)} s`],
    ['until all had everything', `${seconds(herd.recoveredAfter)} s`],
    ['until one more message had reached all', `${seconds(herd.liveAfter)} s`],
    ['CPU time from the return until then: server', `${figure(herd.cpu.server)} s`],
    ['proxy', `${figure(herd.cpu.proxy)} s`],
    ['clients', `${figure(herd.cpu.clients)} s`],
    ['connections tried, from the cut on', count(herd.attempts.total)],
    ['by the client that tried most', count(herd.attempts.most)],
    ['by any client after the return of the network', count(herd.attempts.mostAfter)],
    ['memory of the server before the cut', `${megabytes(herd.memory.before)} MB`],
    ['its peak', `${megabytes(herd.memory.peak)} MB`],
    ['afterwards', `${megabytes(herd.memory.after)} MB`],
  ],
  notes: [
    'Resident memory of the server process; garbage is collected before the first and the last reading.',
  ],
})

const tablesOf = (report: ReconnectReport): Table[] => [
  ...(report.herd === undefined ? [] : [herdTable(report.herd, report.plan)]),
  recoveryTable(report),
]

export const FORMS = formsOf<ReconnectReport>({
  name: 'Reconnect',
  plan: () => [],
  tables: tablesOf,
  verdicts: verdictsOf,
})
