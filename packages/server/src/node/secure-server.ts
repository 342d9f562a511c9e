import { createSecureServer, type Http2SecureServer } from 'node:http2'
import type { Socket } from 'node:net'
import { DEFAULT_CIPHERS, type SecureContextOptions } from 'node:tls'
import type { Logger } from '../hub/index.js'
import { admitSockets, interceptSockets, type SocketDoor } from './accepted-sockets.js'
import { beginInTurns } from './begin-in-turns.js'
import { Certificates } from './certificates.js'
import { responsesWith } from './hsts.js'
import { answerWrong, endsSilent } from './http-server.js'
import { Http2Sessions, MAX_STREAMS } from './http2-sessions.js'
import { type Answer, type OwnServer, stopped } from './own-server.js'
import type { TlsSource } from './tls-parts.js'

export type { Http2SecureServer }

export interface SecureServerOptions {
  readonly tls: TlsSource
  /** The value of Strict-Transport-Security; undefined for none. */
  readonly hsts: string | undefined
  /** Who may open a socket. Default: everybody. */
  readonly door?: SocketDoor
  /** Milliseconds until the first byte of a TLS handshake, then the rest of it, and then the head of the first request. */
  readonly handshakeMs: number
  /** Milliseconds within which a request over HTTP/1.1 must have come whole. Default as `handshakeMs`. */
  readonly requestWithin?: number
  /** Bytes of a request's headers. */
  readonly maxHeaderSize: number
  readonly logger: Logger
  /** Milliseconds without a byte after which an HTTP/2 session takes no more streams, and ends with the last one. Default a minute. */
  readonly sessionIdleMs?: number
}

/** A server over TLS. */
export interface SecureServer extends OwnServer {
  readonly server: Http2SecureServer
  readonly reload: () => Promise<void>
}

/**
 * Of Node's ciphers those with forward secrecy and authenticated encryption, which is what RFC 9113 appendix A leaves of TLS 1.2: no RSA
 * key exchange, no CBC. `--tls-cipher-list` still has its say.
 */
const CIPHERS = `${DEFAULT_CIPHERS}:!kRSA:!kDHE:!SHA1:!SHA256:!SHA384:!AESCCM:!AESCCM8:!ARIAGCM:!aNULL:!eNULL`
const CONTEXT: SecureContextOptions = { minVersion: 'TLSv1.2', ciphers: CIPHERS, honorCipherOrder: true }

/** What node:http gives its own servers, and node:http2 not those that serve HTTP/1.1 as well. */
const AS_HTTP = { keepAliveTimeout: 5_000, requireHostHeader: true }
/** How long who does not read may keep a server that closes, in milliseconds. */
const LEAVES_WITHIN = 2_000

/**
 * A server for HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3. Nothing listens yet. Rejects with what is wrong with the certificate or its key.
 */
export async function secureServer(options: SecureServerOptions, answer: Answer): Promise<SecureServer> {
  const certificates = await Certificates.load({ source: options.tls, logger: options.logger })
  try {
    return serverWith(certificates, options, answer)
  } catch (error) {
    certificates.close()
    throw error
  }
}

function serverWith(certificates: Certificates, options: SecureServerOptions, answer: Answer): SecureServer {
  const { hsts, handshakeMs, requestWithin = 0, maxHeaderSize, logger } = options
  const server = createSecureServer({
    ...CONTEXT,
    ...certificates.context,
    ...(hsts !== undefined && responsesWith(hsts)),
    allowHTTP1: true,
    handshakeTimeout: handshakeMs,
    noDelay: true,
    settings: { maxConcurrentStreams: MAX_STREAMS, maxHeaderListSize: maxHeaderSize },
  })
  // Asked from Node 24.9 on, where not every version gives it to such a server.
  const shouldUpgradeCallback = (): boolean => server.listenerCount('upgrade') > 0
  Object.assign(server, AS_HTTP, {
    maxHeaderSize,
    shouldUpgradeCallback,
    headersTimeout: handshakeMs,
    requestTimeout: Math.max(handshakeMs, requestWithin),
    // Node looks for late requests only this often.
    connectionsCheckingInterval: Math.ceil(handshakeMs / 4),
  })
  // Its requests have what those of node:http have, as far as anybody here asks for it.
  server.on('request', answer as unknown as (request: object, response: object) => void)
  server.on('tlsClientError', ({ message }) => logger.debug('A TLS handshake failed', { reason: message }))
  certificates.use(server, CONTEXT)
  server.on('close', () => certificates.close())
  // What comes first is asked last: a socket is let in, then kept, and begins in its turn.
  const endEarly = beginInTurns(server, handshakeMs)
  const cut = cutterOf(server)
  if (options.door !== undefined) admitSockets(server, options.door)
  server.on('secureConnection', endsSilent(handshakeMs))
  answerWrong(server)
  const sessions = new Http2Sessions(server, { firstWithin: handshakeMs, idle: options.sessionIdleMs })
  const drain = (): void => {
    Object.assign(server, { maxRequestsPerSocket: 1 })
    sessions.drain()
  }
  return {
    server,
    reload: () => certificates.reload(),
    drain,
    async close() {
      certificates.close()
      const late = setTimeout(cut, LEAVES_WITHIN)
      const ended = stopped(server)
      endEarly()
      drain()
      await ended
      clearTimeout(late)
    },
  }
}

/** Keeps the server's sockets, which Node does not: those in a handshake nothing else knows of. Gives what ends them all. */
function cutterOf(server: Http2SecureServer): () => void {
  const sockets = new Set<Socket>()
  function ended(this: Socket): void {
    sockets.delete(this)
  }
  interceptSockets(server, (socket, pass) => {
    sockets.add(socket)
    socket.on('close', ended)
    pass(socket)
  })
  return () => {
    for (const socket of sockets) socket.destroy()
  }
}
