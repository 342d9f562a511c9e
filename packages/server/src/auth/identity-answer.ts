import { type CodeName, MillraceError } from '@millrace/protocol'
import { type PostAnswer, Unreadable } from '../backend/index.js'
import { type Capabilities, Identity, wrongWith } from '../hub/index.js'
import { type Fields, isObject, messageIn, numberIn, objectOf, onlyThese, parsed, textIn } from './answer.js'

/** With what a backend may refuse somebody: the first six for good, the others until later. */
export const REFUSALS = [
  ...(['unauthenticated', 'forbidden', 'expired', 'revoked', 'limit-exceeded', 'application-error'] as const),
  ...(['unavailable', 'rate-limited', 'overloaded'] as const),
] as const satisfies readonly CodeName[]

/** Seconds since 1970 are below that for three thousand years; milliseconds are above it since 1973. */
const SECONDS_BELOW = 1e11

/**
 * Reads who connects, or throws a MillraceError that says why nobody does: `unauthenticated`, or what the backend has named. Throws Unreadable
 * for whatever is neither.
 */
export function readIdentity(answer: PostAnswer): Identity {
  // What it says beside may be anybody's, such as a proxy's; that it refuses is clear.
  if (answer.status === 401 || answer.status === 403) throw plainRefusal(parsed(answer.text ?? ''))
  const { error, ...fields } = objectOf(answer)
  if (error !== undefined && error !== null) throw readRefusal(error, fields['user'])
  onlyThese(fields, ['user', 'expires', 'tokenId', 'issued', 'capabilities'])
  const { user, capabilities } = fields
  if (!isObject(user) || typeof user['id'] !== 'string' || user['id'] === '')
    throw new Unreadable('an answer without a user.id that is a text')
  return new Identity(user as { readonly id: string }, {
    expires: timeIn(fields, 'expires'),
    issued: timeIn(fields, 'issued'),
    tokenId: textIn(fields, 'tokenId'),
    capabilities: readCapabilities(capabilities),
  })
}

function timeIn(fields: Fields, name: string): number | undefined {
  const seconds = numberIn(fields, name)
  if (seconds !== undefined && seconds >= SECONDS_BELOW)
    throw new Unreadable(`an answer whose ${name} is too late for seconds since 1970: are they milliseconds?`)
  return seconds === undefined ? undefined : seconds * 1000
}

function readCapabilities(capabilities: unknown): Capabilities | undefined {
  if (capabilities === undefined) return undefined
  const wrong = wrongWith(capabilities)
  if (wrong !== undefined) throw new Unreadable(`an answer whose capabilities ${wrong}`)
  return capabilities as Capabilities
}

function readRefusal(error: unknown, user: unknown): MillraceError {
  if (user !== undefined && user !== null) throw new Unreadable('an answer with both user and error')
  if (!isObject(error)) throw new Unreadable('an answer whose error is no object')
  onlyThese(error, ['code', 'message', 'retryAfter'])
  const { code = 'unauthenticated' } = error
  const name = REFUSALS.find((one) => one === code)
  if (name === undefined) throw new Unreadable(`an answer whose error.code is none of ${REFUSALS.join(', ')}`)
  const seconds = numberIn(error, 'retryAfter')
  return new MillraceError(name, {
    message: messageIn(error),
    retryAfter: seconds === undefined ? undefined : seconds * 1000,
  })
}

function plainRefusal(body: unknown): MillraceError {
  try {
    if (isObject(body)) return readRefusal(body['error'], undefined)
  } catch {}
  return new MillraceError('unauthenticated', { message: 'The backend has not accepted it' })
}
