/** What the checks share: their --help, and how they end. */

import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** The repository's root, with a slash at its end. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/**
 * Reads a script's options. `--help` prints `help` and ends; an option it does not know ends with 2 and says so.
 * @param {string} help
 * @param {import('node:util').ParseArgsOptionsConfig} [options]
 */
export function readOptions(help, options = {}) {
  try {
    const parsed = parseArgs({
      allowPositionals: true,
      options: { help: { type: 'boolean', short: 'h' }, ...options },
    })
    if (parsed.values.help) {
      console.log(help.trim())
      process.exit(0)
    }
    return parsed
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help.trim()}`)
    return process.exit(2)
  }
}

/** Ends a check: prints each complaint on a line, or one line that says what was found good. */
export function conclude({ complaints, good }) {
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length === 0) console.log(good)
  process.exitCode = complaints.length === 0 ? 0 : 1
}
