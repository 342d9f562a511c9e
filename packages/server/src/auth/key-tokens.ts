/** Tokens signed with a private key, verified by jose with the public one, which is given or lies behind a URL. */
import { MillraceError } from '@millrace/protocol'
import {
  type CompactVerifyGetKey,
  compactVerify,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  importJWK,
  importSPKI,
  importX509,
  type JSONWebKeySet,
  type JWK,
} from 'jose'
import { refused } from './claims.js'

/** RFC 7518 §3.1 and RFC 8037, without those that use a shared secret, and without none. */
export const KEY_ALGORITHMS = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'] as const),
] as const

/** A public key as PEM (SPKI or X.509), or as a JSON Web Key. */
export type PublicKey = string | JWK

/** Milliseconds a set of keys is waited for, used without asking again, and asked again at most for a key that it has not. */
const KEYS = { timeout: 5_000, fresh: 600_000, again: 30_000 }

export type GetKey = CompactVerifyGetKey

/** Finds the key by which a token is signed. */
export function keysOf(
  source: { readonly publicKey: PublicKey } | { readonly jwks: string | URL | JSONWebKeySet },
): GetKey {
  if ('publicKey' in source) return ({ alg = '' }) => importKey(source.publicKey, alg)
  const { jwks } = source
  if (typeof jwks === 'string' || jwks instanceof URL) return remoteKeys(new URL(jwks))
  return createLocalJWKSet(jwks) as GetKey
}

function importKey(key: PublicKey, alg: string): ReturnType<GetKey> {
  if (typeof key !== 'string') return importJWK(key, alg)
  return key.includes('CERTIFICATE') ? importX509(key, alg) : importSPKI(key, alg)
}

/** Keys behind a URL: kept, asked for again when a new one is used, and kept for longer while they cannot be asked for. */
function remoteKeys(url: URL): GetKey {
  const { timeout, fresh, again } = KEYS
  const remote = createRemoteJWKSet(url, {
    timeoutDuration: timeout,
    cacheMaxAge: fresh,
    cooldownDuration: again,
  })
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      if (isAboutTheToken(error)) throw error
      // Who gives out the keys is away. Nobody need be locked out for that whose key is known.
      const known = remote.jwks()
      if (known === undefined)
        throw new MillraceError('unavailable', { message: `The keys could not be had: ${String(error)}` })
      return createLocalJWKSet(known)(header, token)
    }
  }
}

const isAboutTheToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys

/** The payload of a token whose signature is right. Rejects with `unauthenticated`, or `unavailable` when the keys are. */
export async function openKeyToken(
  token: string,
  getKey: GetKey,
  algorithms: readonly string[],
): Promise<unknown> {
  try {
    const { payload } = await compactVerify(token, getKey, { algorithms: [...algorithms] })
    return JSON.parse(new TextDecoder().decode(payload))
  } catch (error) {
    throw error instanceof MillraceError ? error : refused(reason(error, algorithms))
  }
}

function reason(error: unknown, algorithms: readonly string[]): string {
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The token’s signature is wrong'
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed by a key that is not known'
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The token’s algorithm is not accepted: ${algorithms.join(', ')} are`
  return 'The token is no signed JWT, or not for the key there is'
}
