/** What `listen` and `createTlsServer` may be told, with defaults, checked once. */
import { type HstsOptions, hstsValue } from './node/hsts.js'
import { checkTlsOptions, type TlsSource } from './node/tls-parts.js'

export interface ListenOptions {
  /** Default 8080; 0 finds a free one. */
  readonly port?: number
  /** The address to listen on. Default: all. */
  readonly host?: string
  /**
   * Serves over TLS 1.2 and 1.3, by HTTP/2 and HTTP/1.1: `{ cert, key }`, as paths of PEM files or as PEM, or a function that gives them. Files
   * that change are taken up without an end to any connection. Default: no TLS.
   */
  readonly tls?: TlsSource
  /** With `tls`: how answers tell browsers to come by TLS only (RFC 6797), or false. Default: for 365 days. */
  readonly hsts?: HstsOptions | false
}

export interface ResolvedListen {
  readonly port: number
  readonly host: string | undefined
  readonly tls: TlsSource | undefined
  /** The header's value; undefined for none. */
  readonly hsts: string | undefined
}

const DEFAULT_PORT = 8_080

/** Fills in the defaults. Throws a TypeError that names the option and says what it may be. */
export function resolveListen(where: number | ListenOptions): ResolvedListen {
  const { port = DEFAULT_PORT, host, tls, hsts } = typeof where === 'number' ? { port: where } : where
  if (tls === undefined && hsts !== undefined && hsts !== false)
    throw new TypeError('hsts needs tls: over plain HTTP browsers must not heed it (RFC 6797 §8.1)')
  return {
    port,
    host,
    tls: tls === undefined ? undefined : checkTlsSource(tls),
    hsts: tls === undefined ? undefined : hstsValue(hsts ?? {}),
  }
}

/** Throws a TypeError that names the option and says what it may be. */
export const checkTlsSource = (source: TlsSource): TlsSource =>
  typeof source === 'function' ? source : checkTlsOptions(source)
