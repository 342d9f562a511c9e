import { conclude, readOptions } from './lib/cli.mjs'
import { checkRules } from './lib/rules.mjs'
import { repository } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-rules.mjs [--list]

Checks the numbered rules of docs/*.md both ways: each rule, written **[P1.2]**, is cited as [P1.2] in a test's title or
comment, and each id that is cited anywhere in the code is a rule.

  --list   print each rule with the tests that cite it
`,
  { list: { type: 'boolean' } },
)

const found = checkRules(repository())
if (values.list) for (const [id, { tests }] of found.rules) console.log([`[${id}]`, ...tests].join('\n  '))
conclude(found)
