import { randomBytes } from 'node:crypto'
import type { ApiKey } from '../admin/index.js'
import { sha256 } from './platform.js'

/** A key that was just made. */
export interface NewApiKey {
  /** For the backend, which sends it as `Authorization: Bearer …`. It is known nowhere else, and cannot be had again. */
  readonly key: string
  /** For the server, in `admin.keys`. */
  readonly entry: ApiKey
}

/** Makes a key. `id`: its name in logs. Default: a random one. The other terms are those of `ApiKey`. */
export function createApiKey({
  id = randomBytes(5).toString('hex'),
  ...terms
}: Omit<ApiKey, 'hash' | 'id'> & { readonly id?: string }): NewApiKey {
  const secret = randomBytes(32).toString('base64url')
  return { key: `mk_${id}_${secret}`, entry: { id, hash: `sha256:${sha256(secret)}`, ...terms } }
}
