import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** What an application's package.json says of it, where it does. */
export interface PackageInfo {
  readonly name?: string
  readonly version?: string
  readonly description?: string
}

/** That of the nearest package.json above a file; nothing where there is none, or none that can be read. */
export function packageOf(path: string): PackageInfo {
  for (let folder = dirname(path), above = path; folder !== above; above = folder, folder = dirname(folder)) {
    try {
      return parsed(readFileSync(join(folder, 'package.json'), 'utf8'))
    } catch {
      // Not here: further up.
    }
  }
  return {}
}

function parsed(text: string): PackageInfo {
  const read: unknown = JSON.parse(text)
  const texts = Object.entries(read ?? {}).filter(([, value]) => typeof value === 'string' && value !== '')
  return Object.fromEntries(texts)
}
