import type { MaybePromise } from '../hub/index.js'

/**
 * What a key may do. `publish`: publish, broadcast, send and remove; `read`: history and presence; `people`: disconnect and revoke; `call`:
 * call clients and devices; `tickets`: let clients in, as whomever; `stats`: how the node does.
 */
export const SCOPES = ['publish', 'read', 'people', 'call', 'tickets', 'stats'] as const
export type Scope = (typeof SCOPES)[number]

/** A key as the server keeps it. Whoever reads it cannot use it: it has the hash of the secret only. */
export interface ApiKey {
  /** Its name, in the key and in logs: 1 to 32 letters and digits. */
  readonly id: string
  /** `sha256:` and the SHA-256 of the secret in 64 hexadecimal digits. The secret is 256 random bits, so that nothing slower is needed. */
  readonly hash: string
  /** What it may do; `*` for everything. */
  readonly scopes: readonly (Scope | '*')[]
  /** The channels it may use, by name; a name that ends in `*` stands for all that begin so. Default all. */
  readonly channels?: readonly string[] | undefined
  /** From when on it is not accepted any more, in milliseconds since 1970. Default never. */
  readonly expires?: number | undefined
}

/** The keys that are accepted: a list, or what asks for the list, which is asked again when a key comes that is not known. */
export type ApiKeys = readonly ApiKey[] | (() => MaybePromise<readonly ApiKey[]>)

export interface ApiKeysParts {
  readonly keys: ApiKeys
  now(): number
  /** The SHA-256 of a text, in hexadecimal digits. */
  digest(text: string): string
}

/** A list is asked for at most so often for keys that it has not, in milliseconds; and anew after so long, for those that it has no more. */
const ASKED_AT_MOST_EVERY = 1_000
const LASTS = 10_000

/** `mk_`, the key's id, and its secret: 32 bytes in base64url. */
const KEY = /^mk_([A-Za-z0-9]{1,32})_([A-Za-z0-9_-]{43})$/
const HASH = /^sha256:[0-9a-f]{64}$/

/** Whose request it is, by the key that came with it. */
export class KeyRing {
  readonly #parts: ApiKeysParts
  #keys: readonly ApiKey[]
  #askedAt = Number.NEGATIVE_INFINITY

  /** @throws {TypeError} for a key that makes no sense, by its place in the list. */
  constructor(parts: ApiKeysParts) {
    this.#parts = parts
    this.#keys = typeof parts.keys === 'function' ? [] : checkKeys(parts.keys)
  }

  /** The key that a text is; undefined when it is none, an unknown one, or one that has ended. Rejects when the list cannot be had. */
  async find(text: string | undefined): Promise<ApiKey | undefined> {
    const { now, digest } = this.#parts
    const [, id, secret] = KEY.exec(text ?? '') ?? []
    if (id === undefined || secret === undefined) return undefined
    await this.#refresh(id)
    // Of two with one name either may be right: so a secret is changed without changing the name.
    const hash = `sha256:${digest(secret)}`
    const key = this.#keys.find((one) => one.id === id && isSame(one.hash, hash))
    return key !== undefined && now() < (key.expires ?? Number.POSITIVE_INFINITY) ? key : undefined
  }

  async #refresh(id: string): Promise<void> {
    const { keys, now } = this.#parts
    if (typeof keys !== 'function') return
    const age = now() - this.#askedAt
    const isKnown = this.#keys.some((one) => one.id === id)
    if (age < (isKnown ? LASTS : ASKED_AT_MOST_EVERY)) return
    this.#askedAt = now()
    this.#keys = checkKeys(await keys())
  }
}

/** Takes the same time wherever the texts differ. */
function isSame(one: string, other: string): boolean {
  let difference = one.length ^ other.length
  for (let i = 0; i < other.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i)
  return difference === 0
}

/** Throws a TypeError that says which key is wrong, and how. */
export function checkKeys(keys: readonly ApiKey[]): readonly ApiKey[] {
  if (!Array.isArray(keys)) throw new TypeError('admin.keys must be a list of keys: createApiKey() makes one')
  for (const [index, key] of keys.entries()) {
    const wrong = wrongWith(key)
    if (wrong !== undefined) throw new TypeError(`admin.keys[${index}]${wrong}`)
  }
  return keys
}

function wrongWith({ id, hash, scopes, channels, expires }: ApiKey): string | undefined {
  if (!/^[A-Za-z0-9]{1,32}$/.test(String(id))) return `.id must be 1 to 32 letters and digits, not '${id}'`
  // What was put there may be the key itself: it is not repeated.
  if (!HASH.test(String(hash)))
    return ".hash must be 'sha256:' and 64 hexadecimal digits, as createApiKey() makes it"
  if (!Array.isArray(scopes) || scopes.length === 0 || !scopes.every(isScope))
    return `.scopes must be a list of ${[...SCOPES, '*'].join(', ')}, not ${JSON.stringify(scopes)}`
  if (
    channels !== undefined &&
    !(Array.isArray(channels) && channels.every((name) => typeof name === 'string'))
  )
    return `.channels must be a list of names, not ${JSON.stringify(channels)}`
  if (expires !== undefined && !Number.isFinite(expires))
    return `.expires must be milliseconds since 1970, not ${String(expires)}`
  return undefined
}

const isScope = (value: unknown): boolean => value === '*' || SCOPES.includes(value as Scope)
