/**
 * `@millrace/server/http-auth`: who connects and who may do what is decided by a backend of the application's, in whatever language, which is
 * asked over HTTP. What it is asked and may answer is in docs/backend-authorization.md.
 */
import { createHttpAuth, type HttpAuth, type HttpAuthOptions as PureAuthOptions } from './auth/http-auth.js'
import {
  createHttpAuthorize,
  type HttpAuthorize,
  type HttpAuthorizeOptions as PureAuthorizeOptions,
} from './auth/http-authorize.js'
import { type BackendOptions, type BackendPorts, isOpenToAll } from './backend/index.js'
import type { User } from './hub/index.js'
import { hmacSha256 } from './node/hmac.js'
import { type Fetch, httpPost } from './node/http-post.js'
import { consoleLogger, systemClock, systemRandom } from './node/platform.js'
import { VERSION } from './version.js'

export type { BackendAccess, HttpAuthorize } from './auth/http-authorize.js'
export type { BackendOptions, Fetch, HttpAuth }

interface FetchOption {
  /** Sends the requests. Default: the platform's fetch. One of your own can bring client certificates, or go through a proxy. */
  readonly fetch?: Fetch
}

export interface HttpAuthOptions extends PureAuthOptions, FetchOption {}

export interface HttpAuthorizeOptions<U extends User | undefined = User>
  extends PureAuthorizeOptions<U>,
    FetchOption {}

/**
 * Authenticates by asking a backend: `createServer({ auth: httpAuth({ url, secret }) })`. It is told the token, the cookies and where the client comes
 * from, and answers who that is. While it cannot be asked nobody is let in: clients are answered `unavailable` and come back by themselves.
 * @throws {TypeError} for options that make no sense, such as a secret that is too short.
 */
export const httpAuth = <U extends User = User>(options: HttpAuthOptions): HttpAuth<U> =>
  createHttpAuth(options, portsFor(options, 'httpAuth()'))

/**
 * Authorizes by asking a backend: `millrace.channel('chat:{room}').authorize(httpAuthorize({ url, secret }))`. While it cannot be asked nothing is
 * allowed that it has not allowed before for longer: clients are answered `unavailable`, and try again.
 * @throws {TypeError} for options that make no sense, such as a secret that is too short.
 */
export const httpAuthorize = <U extends User | undefined = User>(
  options: HttpAuthorizeOptions<U>,
): HttpAuthorize<U> => createHttpAuthorize(options, portsFor(options, 'httpAuthorize()'))

function portsFor(options: BackendOptions & FetchOption, who: string): BackendPorts {
  const { logger = consoleLogger('warn'), fetch = globalThis.fetch, url } = options
  if (isOpenToAll(url))
    logger.warn(
      `${who}: tokens and answers go over plain HTTP, where whoever is in between reads and changes them: use https:`,
      {
        host: new URL(url).host,
      },
    )
  return {
    clock: systemClock,
    random: systemRandom,
    jitter: Math.random,
    hmac: hmacSha256,
    post: httpPost(fetch, `millrace/${VERSION}`),
    logger,
  }
}
