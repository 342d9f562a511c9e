import { conclude, readOptions } from './lib/cli.mjs'
import { checkLayers } from './lib/import-table.mjs'
import { tableText } from './lib/layers.mjs'
import { repository } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-layers.mjs [--table]

Checks every import of the repository against the table in scripts/lib/layers.mjs: which layer may import which, where
node:* may be imported, that other packages are entered by their public entry points and are declared dependencies, that
the hub and the engine meet in one file, and that no files import each other in a circle.

Imports that are erased when compiled (import type) count for the table, but not as part of a circle.

  --table   print the table as Markdown, as ARCHITECTURE.md shows it
`,
  { table: { type: 'boolean' } },
)

if (values.table) console.log(tableText())
else conclude(checkLayers(repository()))
