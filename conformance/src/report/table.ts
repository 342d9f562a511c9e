import type { Section } from '../cases/index.js'
import type { Verdict } from '../runner/run-case.js'

/** How the runs of one subject in one section went. */
export interface Cell {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export interface Row {
  readonly title: string
  /** Distinct cases of the section. */
  readonly cases: number
  /** By name of the subject; a subject the section says nothing about has none. */
  readonly cells: ReadonlyMap<string, Cell>
}

export function tabulate(sections: readonly Section[], verdicts: readonly Verdict[]): Row[] {
  return sections.map(({ title, cases }) => {
    const ids = new Set(cases.map((testCase) => testCase.id))
    const cells = new Map<string, Cell>()
    for (const { subject, testCase, outcome } of verdicts) {
      if (!ids.has(testCase.id)) continue
      const cell = cells.get(subject.name) ?? { passed: 0, failed: 0, skipped: 0 }
      cells.set(subject.name, { ...cell, [outcome.is]: cell[outcome.is] + 1 })
    }
    return { title, cases: cases.length, cells }
  })
}

export function sum(cells: Iterable<Cell>): Cell {
  const total = { passed: 0, failed: 0, skipped: 0 }
  for (const cell of cells) {
    total.passed += cell.passed
    total.failed += cell.failed
    total.skipped += cell.skipped
  }
  return total
}

/** Sections by subjects. A cell is `passed/run`, with `-skipped` behind it where some were. */
export function renderTable(rows: readonly Row[], subjects: readonly string[]): string {
  const shown = rows.filter((row) => row.cells.size > 0)
  const total: Row = {
    title: 'all',
    cases: shown.reduce((count, row) => count + row.cases, 0),
    cells: new Map(subjects.map((name) => [name, sum(shown.flatMap((row) => row.cells.get(name) ?? []))])),
  }
  const lines = [...shown, total].map((row) => [
    row.title,
    String(row.cases),
    ...subjects.map((name) => cellText(row.cells.get(name))),
  ])
  const head = ['section', 'cases', ...subjects]
  const widths = head.map((title, i) => Math.max(title.length, ...lines.map((line) => line[i]?.length ?? 0)))
  const pad = (line: readonly string[]) =>
    line
      .map((text, i) => (i === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  const rule = '─'.repeat(widths.reduce((width, one) => width + one + 2, -2))
  return [pad(head), rule, ...lines.slice(0, -1).map(pad), rule, pad(lines.at(-1) ?? [])].join('\n')
}

function cellText(cell: Cell | undefined): string {
  if (cell === undefined) return '·'
  const run = cell.passed + cell.failed
  const skipped = cell.skipped === 0 ? '' : ` -${cell.skipped}`
  return run === 0 && cell.skipped > 0 ? `-${cell.skipped}` : `${cell.passed}/${run}${skipped}`
}
