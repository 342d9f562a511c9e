import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** Pages and endpoints of the chat; nobody else is sent its cookies. */
const PATH = '/support/'

/** The value of a cookie of the request. RFC 6265 §4.2. */
export function cookieOf({ headers }: IncomingMessage, name: string): string | undefined {
  const pairs = (headers.cookie ?? '').split('; ')
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

/**
 * Sets a cookie for so many milliseconds, or removes it at 0: for no script to read, and sent by no other site. Over TLS it is for TLS alone; a
 * proxy in front may have ended that, but the page says by its origin how it was loaded.
 */
export function setCookie(
  { headers, socket }: IncomingMessage,
  response: ServerResponse,
  { name, value, life }: { readonly name: string; readonly value: string; readonly life: number },
): void {
  const isSecure = (socket as TLSSocket).encrypted === true || headers.origin?.startsWith('https:') === true
  const attributes = `Path=${PATH}; Max-Age=${Math.floor(life / 1000)}; HttpOnly; SameSite=Strict`
  response.setHeader('set-cookie', `${name}=${value}; ${attributes}${isSecure ? '; Secure' : ''}`)
}
