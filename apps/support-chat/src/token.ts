import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { NAME_LIMIT } from './domain/text.js'

/** Who a token stands for. The id says the role too; see `userId` in api.ts. */
export const User = z.object({
  id: z.string().min(1).max(80),
  role: z.enum(['customer', 'agent']),
  name: z.string().min(1).max(NAME_LIMIT),
})
export type User = z.infer<typeof User>

const Claims = User.extend({ expires: z.number() })

/** A week: a customer who comes back within it finds the conversation again. */
export const TOKEN_LIFE = 7 * 24 * 60 * 60 * 1000
/** No token of ours is longer; anything longer is not worth computing a signature for. */
const LONGEST = 1_024

const sign = (secret: string, body: string): Buffer => createHmac('sha256', secret).update(body).digest()

/** A token for this user: the claims as base64url JSON, a dot, and their HMAC-SHA-256. */
export function issueToken(secret: string, user: User, now: number): string {
  const body = Buffer.from(JSON.stringify({ ...user, expires: now + TOKEN_LIFE })).toString('base64url')
  return `${body}.${sign(secret, body).toString('base64url')}`
}

/** The user a token stands for; undefined when it is not ours, was changed, or has expired. */
export function readToken(secret: string, token: string | undefined, now: number): User | undefined {
  if (token === undefined || token.length > LONGEST) return undefined
  const [body, signature, ...rest] = token.split('.')
  if (body === undefined || signature === undefined || rest.length > 0) return undefined
  const given = Buffer.from(signature, 'base64url')
  const right = sign(secret, body)
  if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
  const claims = Claims.safeParse(parsed(body))
  if (!claims.success || claims.data.expires <= now) return undefined
  const { expires: _, ...user } = claims.data
  return user
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(Buffer.from(body, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
