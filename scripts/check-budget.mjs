import { conclude, readOptions } from './lib/cli.mjs'
import { isTest, lineOf, parse, read, sources, ts } from './lib/sources.mjs'

const FILE_LINES = 400
const TEST_LINES = 600
const FUNCTION_LINES = 60
// A component's markup is data more than code.
const COMPONENT_LINES = 80
const PARAMETERS = 3

const { values } = readOptions(
  `
Usage: node scripts/check-budget.mjs [--longest]

Checks that files have at most ${FILE_LINES} lines, functions at most ${FUNCTION_LINES} (components of a page ${COMPONENT_LINES}) and at most ${PARAMETERS} positional
parameters. Tests have at most ${TEST_LINES} lines; their functions are not measured, for a describe() is a function too.

What has a reason to be longer says so in a comment, on the line before the function or, for a file, in its first line:

    // budget: the hot loop; a call per frame costs more than it explains
    // budget(file): the table of cases reads best in one piece

  --longest   print the ten longest files and functions
`,
  { longest: { type: 'boolean' } },
)

const complaints = []
const measured = { files: [], functions: [] }

/** The function's name, or that of what it is given to. */
function nameOf(node) {
  const named = [node, node.parent].find((one) => one.name !== undefined && ts.isIdentifier(one.name))
  if (named !== undefined) return named.name.text
  return ts.isConstructorDeclaration(node) ? 'constructor' : 'a function'
}

/** Whether a waiver with a reason stands right above the statement or member that holds the function. */
function isWaived(source, lines, node) {
  const first = lineOf(source, node)
  for (let line = first - 2; line >= 0 && /^\s*(\/\/|\*|\/\*)/.test(lines[line]); line--) {
    if (/\bbudget: \S.{9,}/.test(lines[line])) return true
  }
  return false
}

function checkFunction(source, lines, node) {
  const line = lineOf(source, node)
  const end = source.getLineAndCharacterOfPosition(node.end).line + 1
  const length = end - line + 1
  const parameters = node.parameters.filter(({ name }) => name.getText(source) !== 'this').length
  const at = `${source.fileName}:${line}`
  measured.functions.push([length, `${at} ${nameOf(node)}`])
  const isComponent = source.fileName.endsWith('x') && /^[A-Z]/.test(nameOf(node))
  const most = isComponent ? COMPONENT_LINES : FUNCTION_LINES
  if (length <= most && parameters <= PARAMETERS) return
  if (isWaived(source, lines, node)) return
  if (length > most) complaints.push(`${at}: ${nameOf(node)} has ${length} lines; ${most} are allowed`)
  if (parameters > PARAMETERS)
    complaints.push(
      `${at}: ${nameOf(node)} has ${parameters} positional parameters; ${PARAMETERS} are allowed`,
    )
}

const all = sources()
for (const file of all) {
  const lines = read(file).replace(/\n$/, '').split('\n')
  measured.files.push([lines.length, file])
  const most = isTest(file) ? TEST_LINES : FILE_LINES
  if (lines.length > most && !/\bbudget\(file\): \S.{9,}/.test(lines[0]))
    complaints.push(`${file}: has ${lines.length} lines; ${most} are allowed`)
  if (isTest(file)) continue
  const source = parse(file)
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body !== undefined) checkFunction(source, lines, node)
    ts.forEachChild(node, visit)
  }
  visit(source)
}

if (values.longest) {
  for (const list of Object.values(measured)) {
    for (const [length, what] of list.sort(([a], [b]) => b - a).slice(0, 10)) console.log(length, what)
  }
}
const lengths = measured.files.map(([length]) => length).sort((a, b) => a - b)
conclude(complaints, `${all.length} files, median ${lengths[lengths.length >> 1]} lines`)
