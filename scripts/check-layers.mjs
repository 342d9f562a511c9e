import { posix } from 'node:path'
import { conclude, readOptions } from './lib/cli.mjs'
import { cyclesIn } from './lib/cycles.mjs'
import { LAYERS, layerOf, MEETING, tableText } from './lib/layers.mjs'
import { files, importsOf, isTest, parse, read, sources } from './lib/sources.mjs'

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
if (values.table) {
  console.log(tableText())
  process.exit(0)
}

const all = new Set(sources())
const packages = files(/(^|\/)package\.json$/)
  .filter((path) => !path.startsWith('peers/') && path !== 'package.json')
  .map((path) => ({ folder: posix.dirname(path), ...JSON.parse(read(path)) }))
const rootTools = Object.keys(JSON.parse(read('package.json')).devDependencies)
const complaints = []
const graph = new Map()
const meetings = new Set()

const workspaceOf = (path) => packages.find(({ folder }) => path.startsWith(`${folder}/`))

/** The file behind a relative import: sources are imported by the name of what they compile to. */
function resolve(file, from) {
  const path = posix.join(posix.dirname(file), from)
  const candidates = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')]
  return candidates.find((candidate) => all.has(candidate))
}

function checkRelative(file, { from, erased }, complain) {
  const target = resolve(file, from)
  // What is no source (a style sheet, JSON) has no layer; the compiler or the bundler finds it or fails.
  if (target === undefined) return
  if (!erased) graph.get(file)?.push(target)
  const support = isTest(file) && target.startsWith('test/')
  if (!support && workspaceOf(file)?.name !== workspaceOf(target)?.name)
    return complain(`reaches into another package by its files; use its public entry`)
  const here = layerOf(file)
  const there = layerOf(target)
  if (here === there || isTest(file)) return
  if (there === undefined) return complain('is in no layer of the table')
  if (!here.may.includes(there.name)) return complain(`layer ${here.name} may not import ${there.name}`)
  meet(file, there.name)
  if (there.entry && target !== `${there.path}index.ts`)
    complain(`layer ${there.name} is entered by its index.ts`)
}

function meet(file, layer) {
  if (!file.startsWith(MEETING.in) || !MEETING.layers.includes(layer)) return
  meetings.add(`${file} ${layer}`)
}

function checkPackage(file, from, complain) {
  const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/')
  const workspace = workspaceOf(file)
  const { name: layer, may, npm, tools } = layerOf(file)
  const own = packages.find((one) => one.name === name)
  if (own !== undefined) {
    if (own.exports?.[`.${from.slice(name.length)}`] === undefined)
      complain('is no public entry of that package')
    if (own.name !== workspace?.name && !isTest(file) && !may.includes(name))
      complain(`layer ${layer} may not import ${name}`)
    return
  }
  if ((tools || isTest(file)) && rootTools.includes(name)) return
  const declared = {
    ...workspace?.dependencies,
    ...workspace?.devDependencies,
    ...workspace?.peerDependencies,
  }
  if (!(name in declared)) complain('is not declared in its package.json')
  else if (npm !== undefined && !npm.includes(name) && !isTest(file))
    complain(`layer ${layer} may not import it`)
}

for (const file of all) {
  const layer = layerOf(file)
  if (layer === undefined) {
    // Settings of tools, such as vitest.config.ts, lie at the root of the repository or of a package.
    if (!/(^|\/)[a-z]+\.config\.m?[jt]s$/.test(file))
      complaints.push(`${file}: is in no layer of scripts/lib/layers.mjs`)
    continue
  }
  if (!isTest(file)) graph.set(file, [])
  for (const found of importsOf(parse(file))) {
    const { from } = found
    const complain = (why) => complaints.push(`${file}:${found.line}: '${from}' ${why}`)
    if (from.startsWith('.')) checkRelative(file, found, complain)
    else if (!from.startsWith('node:')) checkPackage(file, from, complain)
    else if (!layer.node && !layer.nodeIn?.includes(file) && !isTest(file))
      complain(`layer ${layer.name} may not import the platform`)
  }
}

const meeting = [...new Set([...meetings].map((entry) => entry.split(' ')[0]))].filter((file) =>
  MEETING.layers.every((layer) => meetings.has(`${file} ${layer}`)),
)
if (meeting.length > 1)
  complaints.push(
    `${MEETING.layers.join(' and ')} meet in ${meeting.length} files: ${meeting.join(', ')}; one may`,
  )
for (const cycle of cyclesIn(graph))
  complaints.push(`these import each other in a circle: ${cycle.join(' → ')}`)

const shown = read('ARCHITECTURE.md')
if (!shown.includes(tableText()))
  complaints.push('ARCHITECTURE.md does not show the table as it is: node scripts/check-layers.mjs --table')

conclude(
  complaints,
  `${all.size} files, ${LAYERS.length} layers, no cycle; hub and engine meet in ${meeting}`,
)
