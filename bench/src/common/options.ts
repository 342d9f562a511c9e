/** What the command lines of all scenarios have in common. */
import type { takeJson } from '../cli/arguments.js'
import type { Destination } from './report/publish.js'

export interface CommonOptions extends Destination {
  readonly help: boolean
}

/** For `parseArgs`, beside a scenario's own; `--json` is taken before. */
export const COMMON_FLAGS = {
  help: { type: 'boolean', short: 'h' },
  'write-docs': { type: 'boolean' },
} as const

/** Their lines of a help text. */
export const COMMON_HELP = `  --json [FILE]       every figure as JSON, to FILE or instead of the tables
  --write-docs        put the tables into docs/performance.md
  --help              this text`

interface CommonValues {
  readonly help?: boolean | undefined
  readonly 'write-docs'?: boolean | undefined
}

export const commonOptions = (
  { json, jsonFile }: ReturnType<typeof takeJson>,
  values: CommonValues,
): CommonOptions => ({
  help: values.help ?? false,
  json,
  jsonFile,
  writeDocs: values['write-docs'] ?? false,
})
