import { type Duration, milliseconds } from '@millrace/protocol'
import type { JSONWebKeySet } from 'jose'
import {
  type AuthRequest,
  type Capabilities,
  Identity,
  type IdentityTerms,
  type MaybePromise,
  type User,
  wrongWith,
} from '../hub/index.js'
import { type ClaimRules, type Claims, checkClaims, refused } from './claims.js'
import { HMAC_ALGORITHMS, openHmacToken, type VerifyHmac } from './hmac-tokens.js'
import { KEY_ALGORITHMS, keysOf, openKeyToken, type PublicKey } from './key-tokens.js'

/** A user as a token names it. */
export interface TokenUser extends User {
  readonly claims: Claims
}

/** By what the signature of a token is verified: one of these. */
export interface JwtKeys {
  /** A shared secret (HS256, HS384, HS512) of at least 32 bytes; or several, while one takes another's place. */
  readonly secret?: string | Uint8Array | readonly (string | Uint8Array)[]
  /** The public key of who signs, as PEM (SPKI or X.509) or as a JSON Web Key. */
  readonly publicKey?: PublicKey
  /** Where its keys are, or the keys themselves (RFC 7517 §5). Kept for ten minutes, and for as long as nobody answers there. */
  readonly jwks?: string | URL | JSONWebKeySet
  /** Signatures accepted. Default HS256 with a secret; with a public key RS256, PS256, ES256, EdDSA and their longer kin. `none` never. */
  readonly algorithms?: readonly string[]
}

/** What a token must say. */
export interface JwtClaimOptions {
  /** Who may have issued it. Default: anybody who has the key. */
  readonly issuer?: string | readonly string[]
  /** Whom it must be meant for; one of several. Default: not looked at. Set it where others accept tokens of the same issuer. */
  readonly audience?: string | readonly string[]
  /** By how much clocks may differ. Default 5 seconds. */
  readonly clockTolerance?: Duration
}

export interface JwtOptions<U extends User = TokenUser> extends JwtKeys, JwtClaimOptions {
  /**
   * Makes the user of what the token says; null refuses it. May ask elsewhere. Default: `{ id: claims.sub, claims }`, and tokens without `sub` are
   * refused.
   */
  readonly user?: (claims: Claims) => MaybePromise<U | null>
  /** What the token allows in itself. Default: its claim `capabilities`, if it has one; without it, what the server's hooks allow. */
  readonly capabilities?: (claims: Claims) => Capabilities | undefined
}

export interface JwtPorts {
  readonly verifyHmac: VerifyHmac
  /** Text of base64url. */
  readonly text: (base64url: string) => string
  now(): number
}

/** What `auth` of a server is. */
export type JwtAuth<U extends User> = (request: AuthRequest) => MaybePromise<Identity<U> | null>

const LEAST_SECRET = 32

/** Authenticates by JSON Web Tokens (RFC 7519). Throws a TypeError for options that make no sense. */
export function createJwtAuth<U extends User = TokenUser>(
  options: JwtOptions<U>,
  ports: JwtPorts,
): JwtAuth<U> {
  const rules = rulesOf(options)
  const open = openerOf(options, ports)
  const capabilitiesOf = options.capabilities ?? claimed
  const userOf = options.user ?? (subject as unknown as NonNullable<typeof options.user>)
  const accept = (payload: unknown): MaybePromise<Identity<U> | null> => {
    const claims = checkClaims(payload, rules, ports.now())
    // One that was issued for a channel would else make its bearer somebody who may all that hooks allow.
    if (claims['channel'] !== undefined) throw refused('This is the token of a channel, not of a user')
    const user = userOf(claims)
    const identity = (one: U | null): Identity<U> | null =>
      one === null ? null : new Identity(one, termsOf(claims, capabilitiesOf(claims)))
    return user instanceof Promise ? user.then(identity) : identity(user)
  }
  return ({ token }) => {
    if (token === undefined) return null
    const payload = open(token)
    return payload instanceof Promise ? payload.then(accept) : accept(payload)
  }
}

/** What is asked of claims. Throws a TypeError for a duration that is none. */
export const rulesOf = ({ issuer, audience, clockTolerance = '5s' }: JwtClaimOptions): ClaimRules => ({
  issuer: list(issuer),
  audience: list(audience),
  clockTolerance: milliseconds(clockTolerance, 'clockTolerance'),
})

const termsOf = ({ exp = 0, iat, jti }: Claims, capabilities: Capabilities | undefined): IdentityTerms => ({
  expires: exp * 1000,
  issued: typeof iat === 'number' ? iat * 1000 : undefined,
  tokenId: jti,
  capabilities,
})

/** Whatever a token says that cannot be read must not come to allow everything. */
function claimed({ capabilities }: Claims): Capabilities | undefined {
  if (capabilities === undefined) return undefined
  const wrong = wrongWith(capabilities)
  if (wrong !== undefined) throw refused(`The token’s claim capabilities ${wrong}`)
  return capabilities as Capabilities
}

function subject(claims: Claims): TokenUser {
  if (typeof claims.sub !== 'string' || claims.sub === '')
    throw refused('The token names nobody: it has no sub')
  return { id: claims.sub, claims }
}

/** Gives the payload of a token: at once with a secret, later with keys. Throws a TypeError for keys that make no sense. */
export function openerOf(
  { secret, publicKey, jwks, algorithms }: JwtKeys,
  { verifyHmac: verify, text }: JwtPorts,
): (token: string) => MaybePromise<unknown> {
  const given = [secret, publicKey, jwks].filter((one) => one !== undefined)
  if (given.length !== 1)
    throw new TypeError(
      `jwt() needs one of secret, publicKey and jwks, not ${given.length === 0 ? 'none' : 'several'}`,
    )
  if (secret !== undefined) {
    const accepted = checkAlgorithms(algorithms ?? ['HS256'], HMAC_ALGORITHMS)
    const secrets = (Array.isArray(secret) ? secret : [secret]).map(checkSecret)
    return (token) => openHmacToken(token, { secrets, algorithms: accepted }, { verify, text })
  }
  const accepted = checkAlgorithms(algorithms ?? KEY_ALGORITHMS, KEY_ALGORITHMS)
  const getKey = keysOf(publicKey === undefined ? { jwks: jwks ?? '' } : { publicKey })
  return (token) => openKeyToken(token, getKey, accepted)
}

/** RFC 7518 §3.2: a key at least as long as the hash. One that can be guessed can be guessed offline, from any token. */
function checkSecret(secret: string | Uint8Array): Uint8Array {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  if (bytes.length >= LEAST_SECRET) return bytes
  throw new TypeError(
    `jwt(): secret must have at least ${LEAST_SECRET} bytes, not ${bytes.length}: openssl rand -base64 32`,
  )
}

function checkAlgorithms(given: readonly string[], known: readonly string[]): readonly string[] {
  const wrong = given.find((one) => !known.includes(one))
  if (wrong === undefined && given.length > 0) return given
  throw new TypeError(`jwt(): algorithms must be some of ${known.join(', ')} here, not ${wrong ?? 'none'}`)
}

const list = (value: string | readonly string[] | undefined): readonly string[] | undefined =>
  typeof value === 'string' ? [value] : value
