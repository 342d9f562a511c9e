/** HTTP Strict Transport Security, RFC 6797: browsers that have come by TLS once come by nothing else. */
import { type IncomingMessage, ServerResponse } from 'node:http'
import { type Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { type Duration, milliseconds } from '@millrace/protocol'

export interface HstsOptions {
  /** For how long browsers keep to it, in whole seconds. 0 makes them forget it. Default 365 days. */
  readonly maxAge?: Duration
  /** Whether it holds for the host's subdomains, each of which must have TLS then. Default false. */
  readonly includeSubDomains?: boolean
  /** Whether browsers may have it built in. Their lists ask for `includeSubDomains` and a year. Default false. */
  readonly preload?: boolean
}

const NAME = 'strict-transport-security'
const DEFAULT_MAX_AGE = '365d'
const YEAR = 31_536_000

/** The header's value; undefined for none. Throws a TypeError that names the option that is wrong. RFC 6797 §6.1. */
export function hstsValue(options: HstsOptions | false): string | undefined {
  if (options === false) return undefined
  if (typeof options !== 'object' || options === null)
    throw new TypeError(
      `hsts must be false or { maxAge, includeSubDomains, preload }, not ${String(options)}`,
    )
  const { includeSubDomains = false, preload = false } = options
  const seconds = Math.floor(milliseconds(options.maxAge ?? DEFAULT_MAX_AGE, 'hsts.maxAge') / 1_000)
  if (preload && (!includeSubDomains || seconds < YEAR))
    throw new TypeError('hsts.preload needs includeSubDomains: true and a maxAge of at least 365d')
  return [
    `max-age=${seconds}`,
    ...(includeSubDomains ? ['includeSubDomains'] : []),
    ...(preload ? ['preload'] : []),
  ].join('; ')
}

/**
 * Browsers keep to it for all ports of a host: at localhost it would shut out whatever else is made there. RFC 6761 §6.3; that addresses have none is
 * theirs to know, RFC 6797 §8.1.1.
 */
const isForOthers = (socket: object | null | undefined): boolean => {
  // Of TLS alone: the name that the client asked for, RFC 6066 §3.
  const { servername = '' } = (socket ?? {}) as { readonly servername?: string | false }
  return !/(^|\.)localhost$/i.test(String(servername))
}

/** What makes a server's responses, of which each begins with the header: so those have it, too, that others take out of its requests. */
export function responsesWith(value: string): {
  readonly Http1ServerResponse: typeof ServerResponse
  readonly Http2ServerResponse: typeof Http2ServerResponse
} {
  return {
    Http1ServerResponse: class<R extends IncomingMessage> extends ServerResponse<R> {
      constructor(...made: ConstructorParameters<typeof ServerResponse<R>>) {
        super(...made)
        if (isForOthers(made[0].socket)) this.setHeader(NAME, value)
      }
    },
    Http2ServerResponse: class<R extends Http2ServerRequest> extends Http2ServerResponse<R> {
      constructor(...made: ConstructorParameters<typeof Http2ServerResponse<R>>) {
        super(...made)
        if (isForOthers(made[0].session?.socket)) this.setHeader(NAME, value)
      }
    },
  }
}
