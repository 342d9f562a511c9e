/** Holds every import of a tree of files against the table of layers. */
import { posix } from 'node:path'
import { cyclesIn } from './cycles.mjs'
import { LAYERS, layerOf, MEETING, tableText } from './layers.mjs'
import { importsOf, isTest, lineOf, ts } from './sources.mjs'

/** @returns complaints, each naming file and line, and a line for when there are none */
export function checkLayers(tree) {
  const table = new ImportTable(tree)
  for (const file of table.all) table.checkFile(file)
  table.checkMeeting()
  for (const cycle of cyclesIn(table.graph))
    table.complaints.push(`these import each other in a circle: ${cycle.join(' → ')}`)
  if (!tree.read('ARCHITECTURE.md').includes(tableText()))
    table.complaints.push('ARCHITECTURE.md does not show the table: node scripts/check-layers.mjs --table')
  const where = table.meetings().join(', ') || 'no file'
  const good = `${table.all.size} files, ${LAYERS.length} layers, no circle; hub and engine meet in ${where}`
  return { complaints: table.complaints, good }
}

class ImportTable {
  complaints = []
  /** What each file imports at run time. */
  graph = new Map()
  /** What each file imports at all. */
  known = new Map()

  constructor(tree) {
    this.tree = tree
    this.all = new Set(tree.sources())
    this.packages = tree
      .files(/(^|\/)package\.json$/)
      .filter((path) => !path.startsWith('peers/') && path !== 'package.json')
      .map((path) => ({ folder: posix.dirname(path), ...JSON.parse(tree.read(path)) }))
    this.tools = Object.keys(JSON.parse(tree.read('package.json')).devDependencies)
  }

  checkFile(file) {
    const layer = layerOf(file)
    if (layer === undefined) {
      // Settings of tools, such as vitest.config.ts, lie at the root of the repository or of a package.
      if (!/(^|\/)[a-z]+\.config\.m?[jt]s$/.test(file))
        this.complaints.push(`${file}: is in no layer of scripts/lib/layers.mjs`)
      return
    }
    if (!isTest(file)) this.graph.set(file, [])
    const source = this.tree.parse(file)
    const imports = importsOf(source)
    if (layer.pure && !isTest(file)) this.#checkPure(source)
    for (const found of imports) {
      const why = this.#whatIsWrong(file, layer, found)
      if (why !== undefined) this.complaints.push(`${file}:${found.line}: '${found.from}' ${why}`)
    }
    if (isTest(file)) return
    const targets = imports.map(({ from }) => this.#resolve(file, from)).filter((path) => path !== undefined)
    this.known.set(file, targets)
  }

  /** The files that import the one layer and, themselves or through their neighbours, the other. */
  meetings() {
    const folder = [...this.known.keys()].filter((file) => file.startsWith(MEETING.in))
    const imports = (file, layer) => this.known.get(file)?.some((path) => layerOf(path)?.name === layer)
    const reaches = (file, seen = new Set()) => {
      if (imports(file, MEETING.reached)) return true
      seen.add(file)
      const next = this.known.get(file).filter((path) => folder.includes(path) && !seen.has(path))
      return next.some((path) => reaches(path, seen))
    }
    return folder.filter((file) => imports(file, MEETING.imported) && reaches(file))
  }

  checkMeeting() {
    const where = this.meetings()
    if (where.length > 1)
      this.complaints.push(`hub and engine meet in ${where.length} files: ${where.join(', ')}; one may`)
  }

  /** The compiler hides the platform from pure layers, but these belong to the language. */
  #checkPure(source) {
    const visit = (node) => {
      const name = node.getText(source)
      const isUse = ts.isPropertyAccessExpression(node)
        ? name === 'Math.random'
        : ts.isIdentifier(node) && name === 'Date'
      if (isUse)
        this.complaints.push(`${source.fileName}:${lineOf(source, node)}: ${name} does not enter by a port`)
      ts.forEachChild(node, visit)
    }
    visit(source)
  }

  #whatIsWrong(file, layer, { from, erased }) {
    if (from.startsWith('.')) return this.#relative(file, layer, { from, erased })
    if (!from.startsWith('node:')) return this.#package(file, layer, from)
    if (layer.node || layer.nodeIn?.includes(file) || isTest(file)) return undefined
    return `layer ${layer.name} may not import the platform`
  }

  #relative(file, here, { from, erased }) {
    const target = this.#resolve(file, from)
    // What is no source (a style sheet, JSON) has no layer; the compiler or the bundler finds it or fails.
    if (target === undefined) return undefined
    if (!erased) this.graph.get(file)?.push(target)
    const isSupport = isTest(file) && target.startsWith('test/')
    if (!isSupport && this.#workspaceOf(file)?.name !== this.#workspaceOf(target)?.name)
      return 'reaches into another package by its files; use its public entry'
    const there = layerOf(target)
    if (here === there || there === undefined || isTest(file)) return undefined
    if (!here.may.includes(there.name)) return `layer ${here.name} may not import ${there.name}`
    if (there.entry && target !== `${there.path}index.ts`)
      return `layer ${there.name} is entered by its index.ts`
    return undefined
  }

  #package(file, layer, from) {
    const name = from.split('/', from.startsWith('@') ? 2 : 1).join('/')
    const workspace = this.#workspaceOf(file)
    const own = this.packages.find((one) => one.name === name)
    if (own !== undefined) {
      if (own.exports?.[`.${from.slice(name.length)}`] === undefined)
        return 'is no public entry of that package'
      if (own.name === workspace?.name || isTest(file) || layer.may.includes(name)) return undefined
      return `layer ${layer.name} may not import ${name}`
    }
    if ((layer.tools || isTest(file)) && this.tools.includes(name)) return undefined
    const { dependencies, devDependencies, peerDependencies } = workspace ?? {}
    if (!(name in { ...dependencies, ...devDependencies, ...peerDependencies }))
      return 'is not declared in its package.json'
    if (layer.npm === undefined || layer.npm.includes(name) || isTest(file)) return undefined
    return `layer ${layer.name} may not import it`
  }

  #workspaceOf(path) {
    return this.packages.find(({ folder }) => path.startsWith(`${folder}/`))
  }

  /** The file behind a relative import: sources are imported by the name of what they compile to. */
  #resolve(file, from) {
    if (!from.startsWith('.')) return undefined
    const path = posix.join(posix.dirname(file), from)
    const candidates = [path, path.replace(/\.js$/, '.ts'), path.replace(/\.js$/, '.tsx')]
    return candidates.find((candidate) => this.all.has(candidate))
  }
}
