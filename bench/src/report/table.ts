/** Tables, for terminals and for Markdown. */

export interface Column {
  readonly title: string
  readonly align: 'left' | 'right'
}

export interface Table {
  readonly title: string
  readonly columns: readonly Column[]
  readonly rows: readonly (readonly string[])[]
  /** Sentences to stand under it. */
  readonly notes: readonly string[]
}

export const left = (title: string): Column => ({ title, align: 'left' })
export const right = (title: string): Column => ({ title, align: 'right' })

/** Cells padded with spaces, a line under the titles. */
export function renderText(table: Table): string {
  const titles = table.columns.map((column) => column.title)
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...table.rows.map((row) => row[i]?.length ?? 0)),
  )
  const line = (cells: readonly string[]): string =>
    widths
      .map((width, i) => pad(cells[i] ?? '', width, table.columns[i]))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('  ')
  return [table.title, '', line(titles), rule, ...table.rows.map(line), ...table.notes, ''].join('\n')
}

const pad = (cell: string, width: number, column: Column | undefined): string =>
  column?.align === 'right' ? cell.padStart(width) : cell.padEnd(width)

/** A Markdown table under a heading of the third level. */
export function renderMarkdown(table: Table): string {
  const line = (cells: readonly string[]): string =>
    `| ${table.columns.map((_, i) => (cells[i] ?? '').replaceAll('|', '\\|')).join(' | ')} |`
  return [
    `### ${table.title}`,
    '',
    line(table.columns.map((column) => column.title)),
    line(table.columns.map((column) => (column.align === 'right' ? '--:' : ':--'))),
    ...table.rows.map(line),
    '',
    ...table.notes.flatMap((note) => [note, '']),
  ].join('\n')
}
