import type { User } from './session-host.js'

/** What is known of the token by which somebody connects. */
export interface IdentityTerms {
  /** Until when it holds, in milliseconds since 1970. A session without a newer one by then is closed as `token-expired`. Default: for ever. */
  readonly expires?: number | undefined
  /** The token's own name, by which it can be revoked (RFC 7519 §4.1.7). */
  readonly tokenId?: string | undefined
}

/** Who connects, for how long, and by which token. What `auth` returns where it knows more than the user. */
export class Identity<U extends User = User> {
  readonly user: U
  readonly expires: number | undefined
  readonly tokenId: string | undefined

  constructor(user: U, { expires, tokenId }: IdentityTerms = {}) {
    this.user = user
    this.expires = expires
    this.tokenId = tokenId
  }
}
