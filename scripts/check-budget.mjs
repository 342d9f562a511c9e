import { checkBudget, LIMITS } from './lib/budget.mjs'
import { conclude, readOptions } from './lib/cli.mjs'
import { repository } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-budget.mjs [--longest]

Checks that files have at most ${LIMITS.file} lines, functions at most ${LIMITS.function} (components of a page ${LIMITS.component}) and at most ${LIMITS.parameters} positional
parameters. Tests have at most ${LIMITS.test} lines; their functions are not measured, for a describe() is a function too.

What has a reason to be longer says so in a comment, on the line before the function or, for a file, in its first line:

    // budget: the hot loop; a call per frame costs more than it explains
    // budget(file): the table of cases reads best in one piece

  --longest   print the ten longest files and functions
`,
  { longest: { type: 'boolean' } },
)

const found = checkBudget(repository())
if (values.longest) {
  for (const list of [found.files, found.functions]) {
    for (const [length, what] of list.sort(([a], [b]) => b - a).slice(0, 10)) console.log(length, what)
  }
}
conclude(found)
