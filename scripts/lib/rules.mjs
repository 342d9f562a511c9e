import { isTest } from './sources.mjs'

/** Finds the rules of docs/*.md and who cites them: `rules` maps an id to its place and the tests that cite it. */
export function checkRules(tree) {
  const complaints = []
  const rules = new Map()
  for (const { at, id } of idsIn(tree, /^docs\/[^/]+\.md$/, /\*\*\[([A-Z]\d+(?:\.\d+)?)\]\*\*/g)) {
    const before = rules.get(id)
    if (before === undefined) rules.set(id, { at, tests: new Set() })
    else complaints.push(`${at}: rule [${id}] is already at ${before.at}`)
  }
  // A family of rules has one letter: P, H, B, E. What begins otherwise is no rule's id.
  const families = new Set([...rules.keys()].map((id) => id.charAt(0)))
  for (const { file, at, id } of idsIn(tree, /\.(tsx?|mjs|py)$/, /\[([A-Z]\d+(?:\.\d+)?)\]/g)) {
    const rule = rules.get(id)
    if (rule !== undefined) {
      if (isTest(file) || isContract(file)) rule.tests.add(file)
    } else if (families.has(id.charAt(0))) complaints.push(`${at}: there is no rule [${id}]`)
  }
  for (const [id, { at, tests }] of rules) {
    if (tests.size === 0) complaints.push(`${at}: no test cites rule [${id}]`)
  }
  return { rules, complaints, good: `${rules.size} rules, each with a test` }
}

/** A suite that the tests of every implementation of a port run, kept where other packages can have it. */
const isContract = (file) => /-contract\.ts$/.test(file)

function* idsIn(tree, paths, pattern) {
  for (const file of tree.files(paths)) {
    for (const [line, text] of tree.read(file).split('\n').entries()) {
      for (const [, id] of text.matchAll(pattern)) yield { file, at: `${file}:${line + 1}`, id }
    }
  }
}
