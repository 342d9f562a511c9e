/** Puts the tables into docs/performance.md and docs/limits.md, so that no figure there is typed by hand. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Two lines of a page, between which figures stand. */
export interface Place {
  /** Of docs/. */
  readonly page: string
  readonly begin: string
  readonly end: string
}

const place = (name: string, args: string, page = 'performance.md'): Place => ({
  page,
  begin: `<!-- ${name}: begin (written by \`npm run bench -- ${args}\`) -->`,
  end: `<!-- ${name}: end -->`,
})

export const PLACES = {
  results: place('results', '--write-docs'),
  jitter: place('jitter', 'jitter --write-docs'),
  reconnect: place('reconnect', 'reconnect --write-docs'),
  slowReaders: place('slow-readers', 'slow-readers --write-docs'),
  transports: place('transports', 'transports --write-docs'),
  amplification: place('amplification', 'amplification --write-docs', 'limits.md'),
} as const

/** Where a page is. */
export const fileOf = ({ page }: Place): string =>
  fileURLToPath(new URL(`../../../docs/${page}`, import.meta.url))

/** Replaces what stands between the two lines. Throws when they are not there. */
export function fill(page: string, figures: string, { begin, end }: Place): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The page lacks the lines ${begin} and ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${figures.trim()}\n\n${page.slice(to)}`
}

export function writeDocs(figures: string, where: Place): void {
  const file = fileOf(where)
  writeFileSync(file, fill(readFileSync(file, 'utf8'), figures, where))
}
