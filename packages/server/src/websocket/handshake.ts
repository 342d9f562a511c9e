import {
  formatExtension,
  type HandshakeHeaders,
  headerValue,
  listNames,
  parseExtensions,
  parseTokens,
} from './handshake-header.js'
import { acceptOffer, type DeflateAgreement, type DeflateOptions } from './permessage-deflate.js'

/** What is appended to the key before hashing. RFC 6455 §1.3. */
const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** The only version there is. RFC 6455 §4.1. */
export const WEBSOCKET_VERSION = '13'
/** A nonce of 16 bytes in base64. RFC 6455 §4.1. */
const KEY = /^[0-9A-Za-z+/]{22}==$/
/** More than any honest client sends in Sec-WebSocket-Protocol or Sec-WebSocket-Extensions. */
const MAX_LIST_BYTES = 2048

/** A request as an HTTP parser gives it. Over HTTP/2, `headers` has the pseudo-fields too. */
export interface HandshakeRequest {
  readonly method: string
  /** "1.1" or "2.0". */
  readonly httpVersion: string
  /** The request target; over HTTP/2 the value of `:path`. */
  readonly url: string
  readonly headers: HandshakeHeaders
}

/** Answers SHA-1 of an ASCII text in base64. RFC 6455 §4.2.2. */
export type Sha1Base64 = (text: string) => string

export interface HandshakeOptions {
  readonly sha1Base64: Sha1Base64
  /** Whether an upgrade from this page's origin is welcome; asked for every request that has an Origin. RFC 6455 §10.2. */
  readonly allowOrigin: (origin: string, request: HandshakeRequest) => boolean
  /** Picks one of the subprotocols the client offered, or null for none. */
  readonly selectProtocol: (offered: readonly string[], request: HandshakeRequest) => string | null
  /** Compression we are ready to agree to; null for none. */
  readonly deflate: DeflateOptions | null
}

export interface Accepted {
  readonly ok: true
  /** 101 over HTTP/1.1, 200 over HTTP/2. */
  readonly status: 101 | 200
  readonly headers: Readonly<Record<string, string>>
  /** The agreed subprotocol, or "". */
  readonly protocol: string
  readonly deflate: DeflateAgreement | null
}

export interface Rejected {
  readonly ok: false
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** What is wrong and how to mend it; for the body of the response. */
  readonly reason: string
}

/** The server's side of the handshake: RFC 6455 §4.2 for HTTP/1.1, RFC 8441 for HTTP/2. A pure function of the request. */
export function negotiate(request: HandshakeRequest, options: HandshakeOptions): Accepted | Rejected {
  return request.httpVersion.startsWith('2')
    ? negotiateHttp2(request, options)
    : negotiateHttp1(request, options)
}

/** Sec-WebSocket-Accept for a key. RFC 6455 §4.2.2. */
export function acceptKey(key: string, sha1Base64: Sha1Base64): string {
  return sha1Base64(key + ACCEPT_GUID)
}

/** Origins of the same host and port as the request went to. The scheme is not compared: a proxy may have ended TLS. */
export function isSameOrigin(origin: string, { headers }: HandshakeRequest): boolean {
  const host = headerValue(headers, ':authority') ?? headerValue(headers, 'host')
  const match = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]+)$/i.exec(origin)
  return host !== undefined && match?.[1]?.toLowerCase() === host.toLowerCase()
}

function negotiateHttp1(request: HandshakeRequest, options: HandshakeOptions): Accepted | Rejected {
  const { headers } = request
  const key = headerValue(headers, 'sec-websocket-key')
  const problem = problemOfRequest(request) ?? problemOfKey(key)
  if (problem !== null) return problem
  if (headerValue(headers, 'sec-websocket-version') !== WEBSOCKET_VERSION) {
    return reject(426, `Sec-WebSocket-Version must be ${WEBSOCKET_VERSION}`, {
      upgrade: 'websocket',
      'sec-websocket-version': WEBSOCKET_VERSION,
    })
  }
  return agree(request, options, {
    upgrade: 'websocket',
    connection: 'Upgrade',
    'sec-websocket-accept': acceptKey(key ?? '', options.sha1Base64),
  })
}

/** What RFC 6455 §4.2.1 asks of the request line and of the fields that make it an upgrade. */
function problemOfRequest({ method, httpVersion, headers }: HandshakeRequest): Rejected | null {
  if (method !== 'GET')
    return reject(405, `a WebSocket handshake is a GET request, not ${method}`, { allow: 'GET' })
  if (httpVersion !== '1.1')
    return reject(400, `a WebSocket handshake needs HTTP/1.1 or HTTP/2, not ${httpVersion}`)
  const host = headers['host']
  if (!host) return reject(400, 'the Host header is missing')
  // RFC 9112 §3.2: who reads the first and who reads the last would not mean the same server.
  if (typeof host === 'object' && host.length !== 1) return reject(400, 'the Host header must occur once')
  if (!listNames(headerValue(headers, 'upgrade'), 'websocket')) {
    return reject(426, 'this is a WebSocket endpoint: send "Upgrade: websocket"', { upgrade: 'websocket' })
  }
  if (!listNames(headerValue(headers, 'connection'), 'upgrade')) {
    return reject(400, 'the Connection header must contain "Upgrade"; a proxy may have removed it')
  }
  // A body would be taken for frames, or hide a second request from a proxy.
  const length = headerValue(headers, 'content-length')
  if ((length !== undefined && length !== '0') || headers['transfer-encoding'] !== undefined) {
    return reject(413, 'a WebSocket handshake has no body: leave out Content-Length and Transfer-Encoding')
  }
  return null
}

function problemOfKey(key: string | undefined): Rejected | null {
  if (key === undefined) return reject(400, 'the Sec-WebSocket-Key header is missing')
  if (!KEY.test(key)) return reject(400, 'Sec-WebSocket-Key must be 16 bytes in base64, once')
  return null
}

/** RFC 8441 §4, §5: extended CONNECT; no key, no Upgrade, and 200 instead of 101. */
function negotiateHttp2(request: HandshakeRequest, options: HandshakeOptions): Accepted | Rejected {
  const { method, headers } = request
  if (method !== 'CONNECT') {
    return reject(405, `a WebSocket over HTTP/2 begins with CONNECT, not ${method}`, { allow: 'CONNECT' })
  }
  if (headerValue(headers, ':protocol') !== 'websocket') {
    return reject(400, 'the :protocol pseudo-header must be "websocket"')
  }
  for (const name of [':scheme', ':path', ':authority']) {
    if (!headerValue(headers, name)) return reject(400, `the ${name} pseudo-header is missing`)
  }
  // 426 cannot be used here: it needs an Upgrade header, which HTTP/2 forbids. RFC 9113 §8.2.2.
  if (headerValue(headers, 'sec-websocket-version') !== WEBSOCKET_VERSION) {
    return reject(400, `sec-websocket-version must be ${WEBSOCKET_VERSION}`, {
      'sec-websocket-version': WEBSOCKET_VERSION,
    })
  }
  return agree(request, options, {})
}

/** What both versions of HTTP share: origin, subprotocol, extensions. RFC 6455 §4.2.2. */
function agree(
  request: HandshakeRequest,
  options: HandshakeOptions,
  baseHeaders: Readonly<Record<string, string>>,
): Accepted | Rejected {
  const origin = headerValue(request.headers, 'origin')
  if (origin !== undefined && !options.allowOrigin(origin, request)) {
    return reject(
      403,
      `the origin ${printable(origin)} is not allowed here; the server's origin option lists the allowed ones`,
    )
  }
  const offeredProtocols = headerValue(request.headers, 'sec-websocket-protocol')
  const offeredExtensions = headerValue(request.headers, 'sec-websocket-extensions')
  if ((offeredProtocols ?? '').length > MAX_LIST_BYTES) return rejectLong('Sec-WebSocket-Protocol')
  if ((offeredExtensions ?? '').length > MAX_LIST_BYTES) return rejectLong('Sec-WebSocket-Extensions')

  const protocols = offeredProtocols === undefined ? [] : parseTokens(offeredProtocols)
  if (protocols === null || new Set(protocols).size !== protocols.length) {
    return reject(400, 'Sec-WebSocket-Protocol must be a list of different tokens')
  }
  const extensions = offeredExtensions === undefined ? [] : parseExtensions(offeredExtensions)
  if (extensions === null) {
    return reject(400, 'Sec-WebSocket-Extensions must follow the grammar of RFC 6455 section 9.1')
  }

  const protocol = protocols.length === 0 ? null : options.selectProtocol(protocols, request)
  if (protocol !== null && !protocols.includes(protocol)) {
    throw new Error(`selectProtocol answered "${protocol}", which the client did not offer`)
  }
  const deflate = options.deflate === null ? null : acceptOffer(extensions, options.deflate)
  const headers: Record<string, string> = { ...baseHeaders }
  if (protocol !== null) headers['sec-websocket-protocol'] = protocol
  if (deflate !== null) headers['sec-websocket-extensions'] = formatExtension(deflate.response)
  const status = request.httpVersion.startsWith('2') ? 200 : 101
  return { ok: true, status, headers, protocol: protocol ?? '', deflate: deflate?.agreement ?? null }
}

function rejectLong(name: string): Rejected {
  return reject(431, `${name} is longer than ${MAX_LIST_BYTES} bytes`)
}

function reject(status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Rejected {
  return { ok: false, status, headers, reason }
}

/** What a stranger wrote, fit to be repeated: short, and visible ASCII only. */
function printable(text: string): string {
  const shown = text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?')
  return text.length > 100 ? `${shown}…` : shown
}
