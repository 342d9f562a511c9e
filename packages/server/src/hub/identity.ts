import type { Capabilities } from './capabilities.js'
import type { User } from './session-host.js'

/** What is known of the token by which somebody connects. */
export interface IdentityTerms {
  /** Until when it holds, in milliseconds since 1970. A session without a newer one by then is closed as `token-expired`. Default: for ever. */
  readonly expires?: number | undefined
  /** The token's own name, by which it can be revoked (RFC 7519 §4.1.7). */
  readonly tokenId?: string | undefined
  /** When it was issued, in milliseconds since 1970. Those of a user who was revoked later are refused; where it is not known, all are. */
  readonly issued?: number | undefined
  /** All that it allows, where it says that itself. Default: what the server's hooks allow its user. */
  readonly capabilities?: Capabilities | undefined
}

/**
 * What `auth` may return beside a user. It is an Identity, written so that the compiler finds the user's type in it even where null or a plain user may
 * come instead.
 */
export interface IdentityOf<U> extends Omit<Identity, 'user'> {
  readonly user: U
}

/** Who connects, for how long, and by which token. What `auth` returns where it knows more than the user. */
export class Identity<U extends User = User> {
  readonly user: U
  readonly expires: number | undefined
  readonly tokenId: string | undefined
  readonly issued: number | undefined
  readonly capabilities: Capabilities | undefined

  constructor(user: U, { expires, tokenId, issued, capabilities }: IdentityTerms = {}) {
    this.user = user
    this.expires = expires
    this.tokenId = tokenId
    this.issued = issued
    this.capabilities = capabilities
  }
}
