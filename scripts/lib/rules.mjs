import { isTest } from './sources.mjs'

/** Finds the rules of docs/*.md and who cites them: `rules` maps an id to its place and the tests that cite it. */
export function checkRules(tree) {
  const complaints = []
  const rules = new Map()
  for (const { at, id } of idsIn(tree, /^docs\/[^/]+\.md$/, /\*\*\[([A-Z]+\d+\.\d+)\]\*\*/g)) {
    const before = rules.get(id)
    if (before === undefined) rules.set(id, { at, tests: new Set() })
    else complaints.push(`${at}: rule [${id}] is already at ${before.at}`)
  }
  // One letter is a family of rules: P, H, B, E. Longer names in brackets are something else.
  for (const { file, at, id } of idsIn(tree, /\.(tsx?|mjs|py)$/, /\[([A-Z]\d+\.\d+)\]/g)) {
    const rule = rules.get(id)
    if (rule === undefined) complaints.push(`${at}: there is no rule [${id}]`)
    else if (isTest(file)) rule.tests.add(file)
  }
  for (const [id, { at, tests }] of rules) {
    if (tests.size === 0) complaints.push(`${at}: no test cites rule [${id}]`)
  }
  return { rules, complaints, good: `${rules.size} rules, each with a test` }
}

function* idsIn(tree, paths, pattern) {
  for (const file of tree.files(paths)) {
    for (const [line, text] of tree.read(file).split('\n').entries()) {
      for (const [, id] of text.matchAll(pattern)) yield { file, at: `${file}:${line + 1}`, id }
    }
  }
}
