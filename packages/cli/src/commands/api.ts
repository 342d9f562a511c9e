import { writeFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { stringify } from 'yaml'
import { readArguments } from '../arguments.js'
import { asyncApi } from '../asyncapi/document.js'
import type { Warning } from '../asyncapi/payloads.js'
import { serverAt } from '../asyncapi/servers.js'
import type { Document } from '../asyncapi/types.js'
import { findConverters } from '../find-converters.js'
import { loadApi } from '../load.js'
import { packageOf } from '../package-info.js'
import { converter } from '../schemas/convert.js'
import { Failure, type Terminal, UsageError } from '../terminal.js'
import type { Command } from './command.js'

const HELP = `
Usage: millrace api FILE [options]

Prints an application's api as an AsyncAPI 3.0.0 document: for clients in other languages, for documentation, for whatever else reads
AsyncAPI. FILE is a module that exports what defineApi() gives; it is run, as the application's own imports of it run it.

  --export NAME     the export that is the api (default: the default one, 'api', or the only one that is)
  --server URL      where clients connect, as wss://chat.example/millrace; may be given several times
  --title TEXT      the application's name (default: that of its package.json)
  --version TEXT    the application's version (default: that of its package.json)
  --out FILE        write it there (default: standard output)
  --format FORMAT   yaml or json (default: as the name of --out ends, else yaml)
  --json            the same as --format json
  --strict          fail where a schema has no equal in JSON Schema, instead of leaving it open with a warning
  -h, --help        show this
`.trimStart()

const OPTIONS = {
  export: { type: 'string' },
  server: { type: 'string', multiple: true },
  title: { type: 'string' },
  version: { type: 'string' },
  out: { type: 'string' },
  format: { type: 'string' },
  json: { type: 'boolean' },
  strict: { type: 'boolean' },
} as const

const FORMATS = ['yaml', 'json'] as const
type Format = (typeof FORMATS)[number]

export const api: Command = {
  name: 'api',
  summary: "prints an application's api as AsyncAPI, for other languages",
  async run(args, terminal) {
    const { values, positionals } = readArguments(args, OPTIONS)
    if (values.help) {
      terminal.out(HELP)
      return 0
    }
    const [file, ...more] = positionals
    if (file === undefined) throw new UsageError('which file? For example: millrace api src/api.js')
    if (more.length > 0) throw new UsageError(`one file at a time, not also ${more.join(', ')}`)
    const { server: servers = [], out, strict = false } = values
    checkServers(servers)
    const format = formatOf(values)

    const loaded = await loadApi(file, { cwd: terminal.cwd, exported: values.export })
    const { name = basename(file), version = '0.0.0', description } = packageOf(loaded.path)
    const { document, warnings } = asyncApi(loaded.api, {
      ...{ title: values.title ?? name, version: values.version ?? version, description, servers },
      convert: converter(await findConverters(loaded.api, loaded.path)),
    })
    say(warnings, terminal, strict)
    write(print(document, format), out, terminal)
    return 0
  },
}

function checkServers(urls: readonly string[]): void {
  try {
    urls.forEach(serverAt)
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(`--server: ${error.message}`) : error
  }
}

function formatOf({ format, json, out }: { format?: string; json?: boolean; out?: string }): Format {
  const asked = json ? 'json' : format
  if (json && format !== undefined && format !== 'json')
    throw new UsageError(`--json and --format ${format} contradict each other`)
  if (asked === undefined) return out?.endsWith('.json') ? 'json' : 'yaml'
  const known = FORMATS.find((one) => one === asked)
  if (known === undefined) throw new UsageError(`--format must be yaml or json, not '${asked}'`)
  return known
}

const SIDES = { input: ', as it is sent', output: ', as it is received', both: '' }

/** Tells what is left open. Throws a Failure where nothing may be. */
function say(warnings: readonly Warning[], { err }: Terminal, strict: boolean): void {
  for (const { at, side, why } of warnings) {
    err(`${strict ? 'error' : 'warning'}: ${at}${SIDES[side]}: ${why}; the document takes any value there\n`)
  }
  if (strict && warnings.length > 0)
    throw new Failure(`${warnings.length} of its places cannot be described, and --strict wants all of them`)
}

const print = (document: Document, format: Format): string =>
  format === 'json'
    ? `${JSON.stringify(document, null, 2)}\n`
    : stringify(document, { aliasDuplicateObjects: false, lineWidth: 120 })

function write(text: string, out: string | undefined, terminal: Terminal): void {
  if (out === undefined) {
    terminal.out(text)
    return
  }
  try {
    writeFileSync(resolve(terminal.cwd, out), text)
  } catch (error) {
    throw new Failure(`${out} cannot be written: ${error instanceof Error ? error.message : String(error)}`)
  }
  terminal.err(`${out} is written\n`)
}
