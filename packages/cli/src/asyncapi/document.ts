import { type Api, PROTOCOL_VERSION } from '@millrace/protocol'
import type { Convert } from '../schemas/convert.js'
import { callPart } from './calls.js'
import { channelPart } from './channels.js'
import { codesFrom, errorMessage, errorSchema } from './errors.js'
import { Names } from './names.js'
import { Payloads, type Warning } from './payloads.js'
import { serverAt } from './servers.js'
import type { Document, Operation, Server } from './types.js'

export interface DocumentOptions {
  readonly title: string
  /** The application's version, not AsyncAPI's or the protocol's. */
  readonly version: string
  /** What the application is, before what is said of every api. */
  readonly description?: string | undefined
  /** URLs that clients connect to: `wss://chat.example/millrace`. */
  readonly servers: readonly string[]
  readonly convert: Convert
}

const ABOUT = `What a client of this application says and hears: \`send\` and \`receive\` are seen from the client.

The document describes payloads. How they travel, and how a client comes back without losing any, is the Millrace protocol, version ${PROTOCOL_VERSION}: docs/protocol.md of Millrace has its rules, docs/writing-a-client.md leads through writing a client, and docs/asyncapi.md says what the members beginning with \`x-millrace-\` mean.`

/**
 * An application's api as an AsyncAPI 3.0.0 document, and what it had to leave open. Throws a TypeError for a server's URL that is none.
 */
export function asyncApi(
  api: Api,
  { title, version, description, servers, convert }: DocumentOptions,
): { readonly document: Document; readonly warnings: readonly Warning[] } {
  const payloads = new Payloads(convert)
  const making = { payloads, names: new Names(), operationNames: new Names() }
  const error = payloads.components.add('Error', errorSchema())
  const parts = [
    ...Object.entries(api.channels).map(([pattern, definition]) => channelPart(pattern, definition, making)),
    ...Object.entries(api.calls).map(([method, definition]) => callPart(method, definition, making)),
  ]
  const document: Document = {
    asyncapi: '3.0.0',
    info: { title, version, description: description === undefined ? ABOUT : `${description}\n\n${ABOUT}` },
    defaultContentType: 'application/json',
    ...(servers.length > 0 && { servers: serversAt(servers) }),
    channels: Object.fromEntries(parts.map(({ id, channel }) => [id, channel])),
    operations: Object.assign({}, ...parts.map(({ operations }) => operations)) as Record<string, Operation>,
    components: { schemas: payloads.components.schemas, messages: { Error: errorMessage(error) } },
    'x-millrace-protocol': {
      version: PROTOCOL_VERSION,
      subprotocols: ['millrace.json', 'millrace.binary'],
      closeCodes: codesFrom(4000, 4999),
    },
  }
  return { document, warnings: payloads.warnings }
}

/** Servers by name: `development` on this machine, else `production`. */
function serversAt(urls: readonly string[]): Record<string, Server> {
  const names = new Names()
  return Object.fromEntries(
    urls.map((url) => {
      const server = serverAt(url)
      const local = /^(localhost|127\.|\[::1\])/.test(server.host)
      return [names.take(local ? 'development' : 'production'), server]
    }),
  )
}
