import { conclude, readOptions } from './lib/cli.mjs'
import { files, isTest, read } from './lib/sources.mjs'

const { values } = readOptions(
  `
Usage: node scripts/check-rules.mjs [--list]

Checks the numbered rules of docs/*.md both ways: each rule, written **[P1.2]**, is cited as [P1.2] in a test's title or
comment, and each id that is cited anywhere in the code is a rule.

  --list   print each rule with the tests that cite it
`,
  { list: { type: 'boolean' } },
)

const complaints = []
const rules = new Map()
for (const file of files(/^docs\/[^/]+\.md$/)) {
  for (const [line, text] of read(file).split('\n').entries()) {
    for (const [, id] of text.matchAll(/\*\*\[([A-Z]+\d+\.\d+)\]\*\*/g)) {
      const at = `${file}:${line + 1}`
      const before = rules.get(id)
      if (before === undefined) rules.set(id, { at, tests: new Set() })
      else complaints.push(`${at}: rule [${id}] is already at ${before.at}`)
    }
  }
}

for (const file of files(/\.(tsx?|mjs|py)$/)) {
  for (const [line, text] of read(file).split('\n').entries()) {
    // One letter is a family of rules: P, H, B, E. Longer names in brackets are something else.
    for (const [, id] of text.matchAll(/\[([A-Z]\d+\.\d+)\]/g)) {
      const rule = rules.get(id)
      if (rule === undefined) complaints.push(`${file}:${line + 1}: there is no rule [${id}]`)
      else if (isTest(file)) rule.tests.add(file)
    }
  }
}

for (const [id, { at, tests }] of rules) {
  if (tests.size === 0) complaints.push(`${at}: no test cites rule [${id}]`)
  if (values.list) console.log([`[${id}]`, ...tests].join('\n  '))
}

conclude(complaints, `${rules.size} rules, each with a test`)
