import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const CONDITIONS = ['node', 'import', 'default']

/**
 * The file that `import` of a package leads to in an application's module; undefined where it is not installed. `require` may lead to
 * another copy of the package, which knows nothing of what was registered in this one, as zod's descriptions are.
 */
export function importedFile(specifier: string, path: string): string | undefined {
  const { resolve } = createRequire(path)
  const name = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
  for (const folder of resolve.paths(specifier) ?? []) {
    const exports = exportsOf(join(folder, name, 'package.json'))
    const target = targetOf(exports?.[`.${specifier.slice(name.length)}`])
    if (target !== undefined) return join(folder, name, target)
  }
  try {
    return resolve(specifier)
  } catch {
    return undefined
  }
}

function exportsOf(manifest: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(readFileSync(manifest, 'utf8')).exports
  } catch {
    return undefined
  }
}

/** The first target whose conditions hold (conditional exports, nodejs.org/api/packages.html). */
function targetOf(entry: unknown): string | undefined {
  if (typeof entry === 'string') return entry
  for (const [condition, value] of Object.entries(entry ?? {})) {
    const target = CONDITIONS.includes(condition) ? targetOf(value) : undefined
    if (target !== undefined) return target
  }
  return undefined
}
