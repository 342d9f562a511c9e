import { isTest, lineOf, ts } from './sources.mjs'

export const LIMITS = {
  file: 400,
  test: 600,
  function: 60,
  // A component's markup is data more than code.
  component: 80,
  parameters: 3,
}

/** Measures files and functions: `files` and `functions` hold each length with where it was found. */
export function checkBudget(tree) {
  const found = { complaints: [], files: [], functions: [] }
  const all = tree.sources()
  for (const file of all) {
    const lines = tree.read(file).replace(/\n$/, '').split('\n')
    checkFile(file, lines, found)
    if (isTest(file)) continue
    const source = tree.parse(file)
    const visit = (node) => {
      if (ts.isFunctionLike(node) && node.body !== undefined) checkFunction({ source, node, lines }, found)
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  const lengths = found.files.map(([length]) => length).sort((a, b) => a - b)
  return { ...found, good: `${all.length} files, median ${lengths[lengths.length >> 1]} lines` }
}

function checkFile(file, lines, found) {
  found.files.push([lines.length, file])
  const most = isTest(file) ? LIMITS.test : LIMITS.file
  if (lines.length > most && !/\bbudget\(file\): \S.{9,}/.test(lines[0]))
    found.complaints.push(`${file}: has ${lines.length} lines; ${most} are allowed`)
}

function checkFunction({ source, node, lines }, found) {
  const line = lineOf(source, node)
  const length = source.getLineAndCharacterOfPosition(node.end).line + 2 - line
  const parameters = node.parameters.filter(({ name }) => name.getText(source) !== 'this').length
  const name = nameOf(node)
  const at = `${source.fileName}:${line}: ${name}`
  found.functions.push([length, at])
  const isComponent = source.fileName.endsWith('x') && /^[A-Z]/.test(name)
  const most = isComponent ? LIMITS.component : LIMITS.function
  if (isWaived(lines, line)) return
  if (length > most) found.complaints.push(`${at} has ${length} lines; ${most} are allowed`)
  if (parameters > LIMITS.parameters)
    found.complaints.push(`${at} has ${parameters} positional parameters; ${LIMITS.parameters} are allowed`)
}

/** The function's name, or that of what it is given to. */
function nameOf(node) {
  const named = [node, node.parent].find((one) => one.name !== undefined && ts.isIdentifier(one.name))
  if (named !== undefined) return named.name.text
  return ts.isConstructorDeclaration(node) ? 'constructor' : 'a function'
}

/** Whether a waiver with a reason stands in the comment right above. */
function isWaived(lines, first) {
  for (let line = first - 2; line >= 0 && /^\s*(\/\/|\*|\/\*)/.test(lines[line]); line--) {
    if (/\bbudget: \S.{9,}/.test(lines[line])) return true
  }
  return false
}
