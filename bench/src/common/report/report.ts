/** The forms that a report of any scenario has. */
import { renderMarkdown, renderText, type Table } from '../../report/table.js'
import type { Verdict } from '../../report/targets.js'
import { type Circumstances, circumstances } from './circumstances.js'
import { goalsTable } from './goals.js'

export interface Reported extends Circumstances {
  /** What failed, a sentence each. */
  readonly failures: readonly string[]
}

export interface ReportParts<Report extends Reported> {
  /** The scenario, as headings of docs/performance.md name it. */
  readonly name: string
  /** What was done, a sentence each. */
  plan(report: Report): readonly string[]
  tables(report: Report): readonly Table[]
  verdicts(report: Report): readonly Verdict[]
}

export interface Forms<Report> {
  textReport(report: Report): string
  markdownReport(report: Report): string
  jsonReport(report: Report): string
  /** Whether nothing failed and every target was reached. */
  allReached(report: Report): boolean
}

export function formsOf<Report extends Reported>(parts: ReportParts<Report>): Forms<Report> {
  const { name, plan, tables, verdicts } = parts
  /** No table where nothing was measured that has a target. */
  const targets = (report: Report, title: string): Table[] => {
    const all = verdicts(report)
    return all.length === 0 ? [] : [goalsTable(title, all)]
  }
  return {
    textReport: (report) =>
      [
        ...[...circumstances(report), ...plan(report), ''],
        ...tables(report).map(renderText),
        ...report.failures,
        ...targets(report, 'Targets').map(renderText),
      ].join('\n'),
    markdownReport: (report) =>
      [
        ...[...circumstances(report), ...plan(report), ...report.failures].flatMap((line) => [line, '']),
        ...tables(report).map(renderMarkdown),
        ...targets(report, `${name}: targets`).map(renderMarkdown),
      ].join('\n'),
    jsonReport: (report) => `${JSON.stringify({ ...report, targets: verdicts(report) }, null, 2)}\n`,
    allReached: (report) =>
      report.failures.length === 0 && verdicts(report).every(({ reached }) => reached === true),
  }
}
