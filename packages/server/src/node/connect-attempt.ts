import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ConnectionOptions } from 'node:tls'
import type { ClientHandshake, Verdict } from '../websocket/index.js'

/** A handshake to ask for, the same for both versions of HTTP. */
export interface Ask {
  readonly url: URL
  readonly headers: OutgoingHttpHeaders
  readonly handshake: ClientHandshake
  readonly tls: ConnectionOptions
}

/** What came of asking. */
export interface Answer {
  readonly socket: Duplex
  /** What arrived behind the response. */
  readonly head: Buffer
  readonly verdict: Verdict
}

/** Asking under way: `answer` rejects with a ConnectError, and `cancel` gives up. */
export interface Asking {
  readonly answer: Promise<Answer>
  cancel(): void
}

/** Why there is no connection. */
export const CONNECT_FAILURES = {
  network: 'the connection could not be made, or broke during the handshake',
  refused: 'the server answered with an HTTP status of its own',
  handshake: 'the server accepted in a way RFC 6455 §4.1 forbids',
  timeout: 'the handshake took longer than the timeout',
} as const

export type ConnectFailure = keyof typeof CONNECT_FAILURES

/** A connection that was not made. What it was stopped for by an AbortSignal is the signal's own reason instead. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError'
  readonly failure: ConnectFailure
  /** The status of a server that refused. */
  readonly status: number | undefined

  constructor(
    failure: ConnectFailure,
    detail: string,
    options: ErrorOptions & { readonly status?: number } = {},
  ) {
    super(`${CONNECT_FAILURES[failure]}: ${detail}`, options)
    this.failure = failure
    this.status = options.status
  }
}

/** As much of a refusal's body as is worth quoting. */
const MAX_QUOTED_BYTES = 512

/** What a server said that did not want to. */
export function refusal(status: number, body: string): ConnectError {
  return new ConnectError('refused', body === '' ? `${status}` : `${status}, ${body}`, { status })
}

/** Collects the beginning of a body, then lets the rest go. */
export function quote(body: Duplex | IncomingMessage, tell: (text: string) => void): void {
  const parts: Buffer[] = []
  let size = 0
  body.on('data', (part: Buffer) => {
    parts.push(part)
    size += part.length
    if (size >= MAX_QUOTED_BYTES) body.destroy()
  })
  body.on('error', () => {})
  body.on('close', () => tell(Buffer.concat(parts).toString('utf8', 0, MAX_QUOTED_BYTES).trim()))
}
