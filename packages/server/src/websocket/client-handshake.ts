import { acceptKey, type Sha1Base64, WEBSOCKET_VERSION } from './handshake.js'
import {
  formatExtension,
  type HandshakeHeaders,
  headerValue,
  listNames,
  parseExtensions,
  TOKEN,
} from './handshake-header.js'
import {
  type DeflateAgreement,
  type DeflateOptions,
  makeOffer,
  PERMESSAGE_DEFLATE,
  readAgreement,
} from './permessage-deflate.js'

/** What a client asks for. RFC 6455 §4.1. */
export interface ClientHandshake {
  /** Subprotocols, the preferred one first. */
  readonly protocols: readonly string[]
  /** Compression we are ready to agree to; null for none. */
  readonly deflate: DeflateOptions | null
}

/** The response as an HTTP parser gives it. */
export interface HandshakeResponse {
  /** "1.1" or "2.0". */
  readonly httpVersion: string
  readonly status: number
  readonly headers: HandshakeHeaders
}

/** What the response agreed to, or in a sentence why the connection must be failed. */
export type Verdict =
  | { readonly ok: true; readonly protocol: string; readonly deflate: DeflateAgreement | null }
  | { readonly ok: false; readonly reason: string }

const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`)

/**
 * The header fields both versions of HTTP need beside Host or `:authority`.
 * @throws {SyntaxError} for a subprotocol that is no token or occurs twice. RFC 6455 §4.1.
 */
export function handshakeHeaders({ protocols, deflate }: ClientHandshake): Record<string, string> {
  for (const protocol of protocols) {
    if (!WHOLE_TOKEN.test(protocol)) throw new SyntaxError(`the subprotocol "${protocol}" is not a token`)
  }
  if (new Set(protocols).size !== protocols.length) throw new SyntaxError('a subprotocol occurs twice')
  const headers: Record<string, string> = { 'sec-websocket-version': WEBSOCKET_VERSION }
  if (protocols.length > 0) headers['sec-websocket-protocol'] = protocols.join(', ')
  if (deflate !== null) headers['sec-websocket-extensions'] = formatExtension(makeOffer(deflate))
  return headers
}

/** The further fields of HTTP/1.1. `key` is 16 random bytes in base64, new for every connection. */
export function upgradeHeaders(key: string): Record<string, string> {
  return { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': key }
}

/** Judges the response over HTTP/1.1. RFC 6455 §4.1, the numbered list at its end. */
export function verifyUpgrade(
  { httpVersion, status, headers }: HandshakeResponse,
  asked: ClientHandshake & { readonly key: string; readonly sha1Base64: Sha1Base64 },
): Verdict {
  if (status !== 101) return refuse(`the server answered ${status} instead of 101`)
  // RFC 9110 §7.8: HTTP/1.0 has no upgrades.
  if (httpVersion !== '1.1') return refuse(`the server answered with HTTP/${httpVersion} instead of HTTP/1.1`)
  if (headerValue(headers, 'upgrade')?.toLowerCase() !== 'websocket') {
    return refuse('the response lacks "Upgrade: websocket"')
  }
  if (!listNames(headerValue(headers, 'connection'), 'upgrade')) {
    return refuse('the response lacks "Connection: Upgrade"')
  }
  const accept = headerValue(headers, 'sec-websocket-accept')?.trim()
  if (accept !== acceptKey(asked.key, asked.sha1Base64)) {
    return refuse('Sec-WebSocket-Accept is missing or does not belong to our key')
  }
  return verifyAgreement(headers, asked)
}

/** Judges the response to an extended CONNECT. RFC 8441 §5. */
export function verifyConnect({ status, headers }: HandshakeResponse, asked: ClientHandshake): Verdict {
  // RFC 9110 §15.3: any 2xx accepts a CONNECT.
  if (status < 200 || status > 299) return refuse(`the server answered ${status} instead of 200`)
  return verifyAgreement(headers, asked)
}

function verifyAgreement(headers: HandshakeHeaders, asked: ClientHandshake): Verdict {
  const protocol = headerValue(headers, 'sec-websocket-protocol')
  if (protocol !== undefined && !asked.protocols.includes(protocol)) {
    return refuse('the server chose a subprotocol that was not offered')
  }
  const agreed = headerValue(headers, 'sec-websocket-extensions')
  const extensions = agreed === undefined ? [] : parseExtensions(agreed)
  if (extensions === null)
    return refuse('Sec-WebSocket-Extensions does not follow the grammar of RFC 6455 section 9.1')
  const [extension, second] = extensions
  if (extension === undefined) return { ok: true, protocol: protocol ?? '', deflate: null }
  if (asked.deflate === null || extension.name !== PERMESSAGE_DEFLATE || second !== undefined) {
    return refuse('the server agreed to an extension that was not offered')
  }
  const agreement = readAgreement(extension, asked.deflate)
  if (typeof agreement === 'string') return refuse(`permessage-deflate: ${agreement}`)
  return { ok: true, protocol: protocol ?? '', deflate: agreement }
}

function refuse(reason: string): Verdict {
  return { ok: false, reason }
}
