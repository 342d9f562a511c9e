import { Backend, type BackendOptions, type BackendPorts, Flights, resolveBackend } from '../backend/index.js'
import type { AuthRequest, Identity, MaybePromise, User } from '../hub/index.js'
import { readIdentity } from './identity-answer.js'

export interface HttpAuthOptions extends BackendOptions {
  /** Which headers of the client's handshake the backend is told, beside the token. Default `cookie` and `authorization`. */
  readonly headers?: readonly string[]
}

/** What `auth` of a server is. */
export type HttpAuth<U extends User> = (request: AuthRequest) => MaybePromise<Identity<U>>

/** What the backend is asked; what there is nothing to say of is absent. */
interface AuthQuestion {
  readonly token: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly remoteAddress: string | undefined
}

/** Authenticates by asking a backend. Throws a TypeError for options that make no sense. */
export function createHttpAuth<U extends User = User>(
  options: HttpAuthOptions,
  ports: BackendPorts,
): HttpAuth<U> {
  const backend = new Backend(resolveBackend(options, 'httpAuth()'), ports)
  const names = headerNames(options.headers ?? ['cookie', 'authorization'])
  const flights = new Flights<Identity>()
  return ({ token, headers, remoteAddress }) => {
    const question: AuthQuestion = {
      token,
      headers: told(headers, names),
      remoteAddress: remoteAddress === '' ? undefined : remoteAddress,
    }
    const text = JSON.stringify(question)
    return flights.share(text, () => backend.ask(text, readIdentity)) as Promise<Identity<U>>
  }
}

function headerNames(given: readonly string[]): readonly string[] {
  // RFC 9110 §5.6.2.
  const isName = (name: unknown) => typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name)
  if (Array.isArray(given) && given.every(isName)) return given.map((name) => name.toLowerCase())
  throw new TypeError("httpAuth(): headers must be a list of header names, like ['cookie']")
}

function told(
  headers: AuthRequest['headers'],
  names: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const found = names.flatMap((name) => {
    const { [name]: value } = headers
    return value === undefined ? [] : [[name, typeof value === 'string' ? value : joined(name, value)]]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** RFC 9110 §5.3, and RFC 6265 §5.4 for the one header of which there was only to be one. */
const joined = (name: string, values: readonly string[]): string =>
  values.join(name === 'cookie' ? '; ' : ', ')
