import { parseArgs } from 'node:util'

export const HELP = `
Usage: npm run conformance [-- OPTION…]

Judges WebSocket implementations over real sockets by RFC 6455, RFC 7692 and RFC 8441: every case once in whole writes
and once octet by octet. Prints a table of sections and subjects, then each failure with what was expected, what came
and the bytes sent.

  --subject NAME   subjects whose names contain NAME; may be repeated. Default: engine
                   engine     Millrace's engine: server over HTTP/1.1, TLS and HTTP/2, and client; each with and
                              without compression (engine-server, engine-tls+deflate, engine-client, …)
                   reference  the suite's own slow and simple implementation, against which the suite is tested
                   ws         the npm package ws, for information: failures are printed, the exit code stays 0
  --url URL        judge an echo server at ws://… or wss://… instead; wss over HTTP/2 with --h2
  --h2             speak HTTP/2 to the --url (RFC 8441)
  --section TEXT   only cases whose ids begin with TEXT, for instance 5.2 or 7692; may be repeated
  --case ID        only this case; may be repeated
  --delivery WAY   whole or bytes. Default: both
  --list           print the cases instead of running them
  --json           print one JSON document instead of the table
  --verbose        print every failure; without it the first twenty
  --help           print this

Exit code: 0 when every run passed, 1 when one failed, 2 when the arguments make no sense.
`

export interface CliOptions {
  readonly subjects: readonly string[]
  readonly url: string | undefined
  readonly h2: boolean
  readonly sections: readonly string[]
  readonly cases: readonly string[]
  readonly delivery: 'whole' | 'bytes' | undefined
  readonly list: boolean
  readonly json: boolean
  readonly verbose: boolean
  readonly help: boolean
}

/** A mistake in the arguments, in a sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** @throws {UsageError} */
export function readOptions(args: readonly string[]): CliOptions {
  const { values } = parse(args)
  const delivery = values.delivery
  if (delivery !== undefined && delivery !== 'whole' && delivery !== 'bytes') {
    throw new UsageError(`--delivery is whole or bytes, not ${delivery}`)
  }
  if (values.url !== undefined && !/^wss?:\/\/\S+$/.test(values.url)) {
    throw new UsageError(`--url begins with ws:// or wss://, not ${values.url}`)
  }
  if (values.url !== undefined && values.subject !== undefined)
    throw new UsageError('--url and --subject exclude each other')
  return {
    subjects: values.subject ?? ['engine'],
    url: values.url,
    h2: values.h2 ?? false,
    sections: values.section ?? [],
    cases: values.case ?? [],
    delivery,
    list: values.list ?? false,
    json: values.json ?? false,
    verbose: values.verbose ?? false,
    help: values.help ?? false,
  }
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        subject: { type: 'string', multiple: true },
        url: { type: 'string' },
        h2: { type: 'boolean' },
        section: { type: 'string', multiple: true },
        case: { type: 'string', multiple: true },
        delivery: { type: 'string' },
        list: { type: 'boolean' },
        json: { type: 'boolean' },
        verbose: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}
