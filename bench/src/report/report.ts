/** The whole report: what was measured, where, on what, and how it compares. */
import { type Machine, machineText } from '../harness/machine.js'
import { peerNamed } from '../harness/peers.js'
import type { Absence, Failure, Sample } from '../harness/samples.js'
import type { Plan } from '../plan/cases.js'
import { othersLoad } from './derive.js'
import { percent } from './format.js'
import { LEGEND, loadTables } from './load-tables.js'
import { memoryTable } from './memory-table.js'
import { spreadOf } from './statistics.js'
import { renderMarkdown, renderText, type Table } from './table.js'
import { judgeAll, targetsTable } from './targets.js'

/** Above this share of a core, other programs may have changed a result. */
const DISTURBED = 0.1

export interface Report {
  readonly machine: Machine
  readonly pinning: string
  readonly plan: Pick<Plan, 'rounds' | 'warmup' | 'firstWarmup' | 'seconds'>
  readonly versions: readonly string[]
  readonly absences: readonly Absence[]
  readonly failures: readonly Failure[]
  readonly samples: readonly Sample[]
}

function tablesOf({ samples }: Report): Table[] {
  const memory = memoryTable(samples)
  const loads = loadTables(samples)
  return memory === undefined ? loads : [...loads, memory]
}

/** Sentences on the circumstances. */
function circumstances({ machine, pinning, plan, versions }: Report): string[] {
  return [
    `${machineText(machine)}; ${pinning}.`,
    `Each figure: ${plan.rounds} round${plan.rounds === 1 ? '' : 's'} of ${plan.warmup} s warm-up (${plan.firstWarmup} s on a fresh server) and ${plan.seconds} s measured, in windows by turns.`,
    `Measured: ${versions.join('; ')}.`,
  ]
}

/** What else the machine did while it was measured: the reader's measure of how far to trust the figures. */
function disturbance({ samples }: Report): string[] {
  const shares = samples.flatMap((sample) => (sample.scenario === 'memory' ? [] : [othersLoad(sample)]))
  if (shares.length === 0) return []
  const { median, max } = spreadOf(shares)
  const verdict = max > DISTURBED ? ' Where rounds differ much, that is why.' : ''
  return [
    `Other programs took ${percent(median)} of a core (median of the windows; at most ${percent(max)}).${verdict}`,
  ]
}

const absent = ({ absences }: Report): string[] =>
  absences.map(({ peer, hint }) => `Not measured: ${peerNamed(peer).title}. ${hint}.`)

const failed = ({ failures }: Report): string[] =>
  failures.map(({ peer, round, what, message }) => `Failed: ${peer}, ${what}, round ${round}: ${message}`)

export function textReport(report: Report): string {
  const targets = targetsTable(judgeAll(report.samples))
  const tables = tablesOf(report)
  return [
    ...circumstances(report),
    ...disturbance(report),
    ...absent(report),
    '',
    ...tables.map(renderText),
    ...(tables.length > 0 ? [...LEGEND, ''] : []),
    ...failed(report),
    renderText(targets),
  ].join('\n')
}

/** The same in Markdown, the targets first, because they are what a reader of the page asks for. */
export function markdownReport(report: Report): string {
  return [
    ...[...circumstances(report), ...disturbance(report), ...absent(report), ...failed(report)].flatMap(
      (line) => [line, ''],
    ),
    renderMarkdown(targetsTable(judgeAll(report.samples))),
    ...LEGEND.flatMap((line) => [line.replace(/^\* /, '\\* '), '']),
    ...tablesOf(report).map(renderMarkdown),
  ].join('\n')
}

export const jsonReport = (report: Report): string =>
  `${JSON.stringify({ ...report, targets: judgeAll(report.samples) }, null, 2)}\n`
