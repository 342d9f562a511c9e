import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conclude, ROOT, readOptions } from './lib/cli.mjs'
import { repository } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-surface.mjs [--update]

Prints the public surface of every package that is not private, one report for each of its entries, and compares it with
docs/surface/. A change of the surface is reviewed as the change of a report.

  --update   write the reports
`,
  { update: { type: 'boolean' } },
)

// The reports are made from the declarations that the compiler writes.
const projects = ['packages/protocol', 'packages/server/src', 'packages/client/src', 'packages/testing']
const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects], {
  cwd: ROOT,
})
if (built.status !== 0) {
  console.error(`${projects.join(', ')} do not compile: npm test -- --only types`)
  process.exit(1)
}

// Loaded late: API Extractor takes its time, and --help has none to lose.
const { difference, entriesOf, printSurface } = await import('./lib/surface.mjs')
const complaints = []
const folder = join(ROOT, 'docs/surface')
mkdirSync(folder, { recursive: true })
const entries = entriesOf(repository())
for (const entry of entries) {
  const now = printSurface(entry)
  const path = join(folder, entry.report)
  const before = existsSync(path) ? readFileSync(path, 'utf8') : ''
  if (values.update) writeFileSync(path, now)
  else if (before !== now)
    complaints.push(
      `docs/surface/${entry.report} is stale:`,
      ...difference(before, now),
      '  Where the change is meant: node scripts/check-surface.mjs --update, and review the difference',
    )
}
conclude({ complaints, good: `${entries.length} entries` })
