import { createJwtAuth, type JwtAuth, type JwtOptions, type TokenUser } from './auth/jwt.js'
import type { User } from './hub/index.js'
import { textOfBase64url, verifyHmac } from './node/hmac.js'

/**
 * Authenticates by JSON Web Tokens: `createServer({ auth: jwt({ jwks: 'https://…' }) })`. A token must have an end (`exp`), and its session ends
 * with it unless the client brings a newer one in time, which it does by itself. Anonymous connections are refused: to have them, give `auth` a
 * function of your own that answers who somebody without a token is, and asks this one else.
 * @throws {TypeError} for options that make no sense, such as a secret that is too short.
 */
export const jwt = <U extends User = TokenUser>(options: JwtOptions<U>): JwtAuth<U> =>
  createJwtAuth(options, { verifyHmac, text: textOfBase64url, now: Date.now })
