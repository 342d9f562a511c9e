/** Puts the tables into docs/performance.md, so that no figure there is typed by hand. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export const BEGIN = '<!-- results: begin (written by `npm run bench -- --write-docs`) -->'
export const END = '<!-- results: end -->'

export const DOCS_FILE = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))

/** Replaces what stands between the markers. Throws when they are not there. */
export function fill(page: string, results: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`The page lacks the lines ${BEGIN} and ${END}`)
  return `${page.slice(0, begin + BEGIN.length)}\n\n${results.trim()}\n\n${page.slice(end)}`
}

export function writeDocs(results: string): void {
  writeFileSync(DOCS_FILE, fill(readFileSync(DOCS_FILE, 'utf8'), results))
}
