/** An HTTP server of an application's own over TLS, to attach to. */
import { type ListenOptions, resolveListen } from './listen-options.js'
import type { Answer } from './node/own-server.js'
import { consoleLogger, systemClock } from './node/platform.js'
import { type Http2SecureServer, secureServer } from './node/secure-server.js'
import type { TlsSource } from './node/tls-parts.js'
import { resolveOptions, type ServerOptions } from './options.js'
import { socketDoor } from './socket-door.js'

/** Milliseconds: what Node gives a request that is whole. */
const REQUEST_WITHIN = 300_000

export interface TlsServerOptions
  extends Pick<ListenOptions, 'hsts'>,
    Pick<ServerOptions, 'connectTimeout' | 'limits' | 'logger' | 'rates' | 'trustedProxies'> {}

export interface TlsServer {
  /** Serves HTTP/2 and HTTP/1.1; attach to it, and let it listen. */
  readonly server: Http2SecureServer
  /** Reads the certificate's files, or asks the callback, now. Rejects with what is wrong; then the one before stays in use. */
  reloadTls(): Promise<void>
  /** Stops listening. Resolves when the last connection has ended; who does not read is cut after two seconds. Close what is attached before. */
  close(): Promise<void>
}

/**
 * Makes an HTTP server for `attach` that has TLS as that of `listen({ tls })` has it: certificates that are renewed while it runs, modern
 * ciphers, HTTP/2, `hsts`. What nothing attached takes is answered by `answer`. Rejects with a TypeError that names the option that is wrong, or with
 * an Error that says what is wrong with which file.
 */
export async function createTlsServer(
  tls: TlsSource,
  answer: Answer,
  options: TlsServerOptions = {},
): Promise<TlsServer> {
  const { hsts, logger = consoleLogger('warn'), ...rest } = options
  const listen = resolveListen({ tls, ...(hsts !== undefined && { hsts }) })
  const resolved = resolveOptions(rest)
  const { connectTimeout, limits } = resolved
  const { server, reload, close } = await secureServer(
    {
      ...{ tls, hsts: listen.hsts, logger, door: socketDoor(resolved, systemClock, logger) },
      handshakeMs: connectTimeout,
      requestWithin: REQUEST_WITHIN,
      maxHeaderSize: limits.headers,
    },
    answer,
  )
  return { server, reloadTls: reload, close }
}
