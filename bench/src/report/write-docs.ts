/** Puts the tables into docs/performance.md, so that no figure there is typed by hand. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Two lines of the page, between which figures stand. */
export interface Place {
  readonly begin: string
  readonly end: string
}

const place = (name: string, args: string): Place => ({
  begin: `<!-- ${name}: begin (written by \`npm run bench -- ${args}\`) -->`,
  end: `<!-- ${name}: end -->`,
})

export const PLACES = {
  results: place('results', '--write-docs'),
  jitter: place('jitter', 'jitter --write-docs'),
  reconnect: place('reconnect', 'reconnect --write-docs'),
  slowReaders: place('slow-readers', 'slow-readers --write-docs'),
  transports: place('transports', 'transports --write-docs'),
} as const

export const DOCS_FILE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))

/** Replaces what stands between the two lines. Throws when they are not there. */
export function fill(page: string, figures: string, { begin, end }: Place): string {
  const from = page.indexOf(begin)
  const to = page.indexOf(end)
  if (from < 0 || to < from) throw new Error(`The page lacks the lines ${begin} and ${end}`)
  return `${page.slice(0, from + begin.length)}\n\n${figures.trim()}\n\n${page.slice(to)}`
}

export function writeDocs(figures: string, where: Place): void {
  writeFileSync(DOCS_FILE, fill(readFileSync(DOCS_FILE, 'utf8'), figures, where))
}
