import { type ChannelJwtOptions, createChannelJwt } from './auth/channel-jwt.js'
import { createJwtAuth, type JwtAuth, type JwtOptions, type TokenUser } from './auth/jwt.js'
import type { ReadChannelToken, User } from './hub/index.js'
import { textOfBase64url, verifyHmac } from './node/hmac.js'

/**
 * Authenticates by JSON Web Tokens: `createServer({ auth: jwt({ jwks: 'https://…' }) })`. A token must have an end (`exp`), and its session ends
 * with it unless the client brings a newer one in time, which it does by itself. Anonymous connections are refused: to have them, give `auth` a
 * function of your own that answers who somebody without a token is, and asks this one else.
 * @throws {TypeError} for options that make no sense, such as a secret that is too short.
 */
export const jwt = <U extends User = TokenUser>(options: JwtOptions<U>): JwtAuth<U> =>
  createJwtAuth(options, PORTS)

const PORTS = { verifyHmac, text: textOfBase64url, now: () => Date.now() }

/**
 * Takes JSON Web Tokens for channels: `createServer({ channelTokens: channelJwt({ secret }) })`. Such a token has the claims `channel`, a name, or the beginning of
 * one and `*`; `exp`; `sub` where it is for one user only; and `actions`, by default `subscribe`, `history` and `presence`.
 * @throws {TypeError} for options that make no sense, such as a secret that is too short.
 */
export const channelJwt = (options: ChannelJwtOptions): ReadChannelToken => createChannelJwt(options, PORTS)
