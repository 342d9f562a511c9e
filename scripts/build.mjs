#!/usr/bin/env node
/**
 * `npm run build`: compiles everything with `tsc -b`, then bundles the applications' pages. A bundle is made again only
 * when something it is made of has changed; `--force` makes all of them.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const CACHE = join(ROOT, 'node_modules/.cache/millrace')

/** What any bundle may be made of, besides the application's own folder. */
const SHARED = ['packages/protocol/src', 'packages/client/src', 'packages/ui', 'package-lock.json']

/**
 * Builds what is stale, printing one line for each step. Throws an Error with the tool's output when a step fails.
 *
 * @param {{ types?: string[], force?: boolean, say?: (line: string) => void }} [options] `types`: the projects to
 *   compile, by default all; `force`: make bundles even when nothing changed.
 */
export async function build(options = {}) {
  const unlock = await lock()
  try {
    buildLocked(options)
  } finally {
    unlock()
  }
}

/**
 * Compiles some projects, without bundles: for tests of what is run compiled. Throws an Error with the compiler's output.
 *
 * @param {string[]} types
 */
export async function compile(types) {
  const unlock = await lock()
  try {
    runCompiler(types)
  } finally {
    unlock()
  }
}

/** How long another build on this machine may take. */
const OTHER_BUILD = 180_000

/** One build at a time: two would empty each other's folders. A lock whose process is gone does not count. */
async function lock() {
  const path = join(CACHE, 'build.lock')
  mkdirSync(CACHE, { recursive: true })
  for (const deadline = Date.now() + OTHER_BUILD; ; ) {
    try {
      writeFileSync(path, String(process.pid), { flag: 'wx' })
      return () => rmSync(path, { force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
    if (!isRunning(Number(readIfThere(path)))) rmSync(path, { force: true })
    else if (Date.now() > deadline)
      throw new Error(`Another build does not end; remove ${path} if there is none`)
    else await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function isRunning(pid) {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function buildLocked({ types = [], force = false, say = console.log }) {
  step({ name: 'types', done: 'compiled', say }, () => runCompiler(types))
  for (const app of applications()) bundle(app, force, say)
}

const runCompiler = (types) =>
  run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-b', ...types], ROOT)

/** The applications with pages: those that have a `build` script. */
function applications() {
  return readdirSync(join(ROOT, 'apps'))
    .map((name) => join('apps', name))
    .filter((app) => existsSync(join(ROOT, app, 'package.json')))
    .filter(
      (app) => 'build' in (JSON.parse(readFileSync(join(ROOT, app, 'package.json'), 'utf8')).scripts ?? {}),
    )
}

function bundle(app, force, say) {
  const stamp = join(CACHE, `${app.replaceAll('/', '-')}.sha256`)
  const now = fingerprint([...SHARED, app])
  const fresh =
    existsSync(join(ROOT, app, 'dist/web')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === now
  if (fresh && !force) return say(`${app}: pages are up to date`)
  step({ name: app, done: 'pages bundled', say }, () => {
    const vite = join(ROOT, 'node_modules/vite/bin/vite.js')
    run(process.execPath, [vite, 'build', '--logLevel', 'warn'], join(ROOT, app))
  })
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, now)
}

function step({ name, done, say }, work) {
  const begun = performance.now()
  work()
  say(`${name}: ${done} in ${((performance.now() - begun) / 1000).toFixed(1)} s`)
}

/** Names, sizes and times of everything below these places: enough to see a change, and quick. */
function fingerprint(places) {
  const hash = createHash('sha256')
  for (const place of places) {
    for (const file of filesBelow(join(ROOT, place))) {
      const { size, mtimeMs } = statSync(file)
      hash.update(`${relative(ROOT, file)} ${size} ${mtimeMs}\n`)
    }
  }
  return hash.digest('hex')
}

function filesBelow(place) {
  if (statSync(place).isFile()) return [place]
  return readdirSync(place, { withFileTypes: true })
    .filter(({ name }) => name !== 'dist' && name !== 'node_modules')
    .flatMap(({ name }) => filesBelow(join(place, name)))
    .sort()
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error) throw error
  if (status !== 0)
    throw new Error(`${stdout}${stderr}`.trim() || `${args[0]} failed with exit code ${status}`)
  const warnings = stderr.trim()
  if (warnings !== '') console.warn(warnings)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  try {
    await build({ force: process.argv.includes('--force') })
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
