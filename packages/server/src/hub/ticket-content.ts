import type { Capabilities } from './capabilities.js'
import { Identity } from './identity.js'
import type { User } from './session-host.js'

/** What a single-use ticket holds. */
export interface TicketContent {
  /** Its name, by which it is known that it was used. */
  readonly nonce: string
  /** Until when it lets somebody in, in milliseconds since 1970. */
  readonly until: number
  readonly identity: Identity
}

/** As it is written: the names are short because it goes into a URL. */
interface Written {
  readonly n: string
  readonly e: number
  readonly u: User
  readonly x?: number | undefined
  readonly t?: string | undefined
  readonly i?: number | undefined
  readonly c?: Capabilities | undefined
}

/** Writes it. Throws a TypeError that names what of the identity a ticket cannot carry: it would come back as something else. */
export function writeContent({ nonce, until, identity }: TicketContent): string {
  const { user, expires, tokenId, issued, capabilities } = identity
  if (typeof user?.id !== 'string' || user.id === '')
    throw new TypeError(`A ticket is for a user with an id, a text: not ${String(user?.id)}`)
  for (const [name, value] of Object.entries({ user, expires, issued })) {
    const lost = lostIn(value, name)
    if (lost !== undefined)
      throw new TypeError(
        `A ticket cannot carry ${lost}: it carries what JSON does, so plain objects, lists, texts, finite numbers, true, false and null`,
      )
  }
  const written: Written = { n: nonce, e: until, u: user, x: expires, t: tokenId, i: issued, c: capabilities }
  return JSON.stringify(written)
}

/** Reads what `writeContent` of any node wrote. */
export function readContent(text: string): TicketContent {
  const {
    n: nonce,
    e: until,
    u: user,
    x: expires,
    t: tokenId,
    i: issued,
    c: capabilities,
  }: Written = JSON.parse(text)
  return { nonce, until, identity: new Identity(user, { expires, tokenId, issued, capabilities }) }
}

/** Where a value holds something that JSON does not carry as it is. */
function lostIn(value: unknown, at: string): string | undefined {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean')
    return undefined
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : at
  if (!isPlain(value)) return at
  // In a list it would become null, and a field only goes.
  if (Array.isArray(value) && value.includes(undefined)) return `${at}.${value.indexOf(undefined)}`
  for (const [name, one] of Object.entries(value)) {
    const lost = lostIn(one, `${at}.${name}`)
    if (lost !== undefined) return lost
  }
  return undefined
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return Array.isArray(value) || prototype === Object.prototype || prototype === null
}
