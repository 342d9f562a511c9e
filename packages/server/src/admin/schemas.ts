/** What several operations take and give. */
import { type Duration, fromBase64, MillraceError, parseDuration } from '@millrace/protocol'
import { z } from 'zod'

/** Characters of a name on the wire. [P3.10] */
const MOST_NAME = 255

export const Channel = z.string().min(1).describe('Name of a channel, such as `orders:42`')
export const Name = z.string().min(1).max(MOST_NAME)
export const User = Name.describe('Id of a user')
export const Offset = z.int().nonnegative()

export const Time = z
  .union([z.number().nonnegative(), z.string()])
  .refine((value) => Number.isFinite(parseDuration(value as Duration)), {
    message: "must be milliseconds or a duration like '10s', '5m' or '24h'",
  })
  .transform((value): number => parseDuration(value as Duration))

/** A message, or the bytes of one where the channel's codec is `raw`. */
export const MESSAGE = {
  message: z.unknown().optional().describe('The message, as the channel’s schema wants it'),
  base64: z
    .string()
    .optional()
    .describe('Instead of `message`, in channels whose codec is `raw`: the bytes in base64 (RFC 4648 §4)'),
}

/** The value that is published. Throws `invalid-payload`, which names the field, when there is none, or two. */
export function messageOf({
  message,
  base64,
}: {
  readonly message?: unknown
  readonly base64?: string | undefined
}): unknown {
  const bytes = base64 === undefined ? undefined : fromBase64(base64)
  if ((message === undefined) === (base64 === undefined))
    throw wrong('message', 'give either message or base64')
  if (base64 !== undefined && bytes === undefined)
    throw wrong('base64', 'must be padded base64 (RFC 4648 §4)')
  return bytes ?? message
}

/** What a schema cannot say. */
export const wrong = (field: string, message: string): MillraceError =>
  new MillraceError('invalid-payload', { message: `${field}: ${message}`, field })

export const Position = z.object({
  epoch: z.string(),
  offset: Offset,
  skipped: z
    .enum(['duplicate', 'stale', 'conflict'])
    .optional()
    .describe('Why it was not stored: its id was stored before, or a higher version was'),
})

/** Whom it concerns: one of the two. */
export const TARGET = {
  user: User.optional().describe('All sessions of a user'),
  session: Name.optional().describe('One session'),
}

/** Throws `invalid-payload` unless exactly one is given. */
export function targetOf({
  user,
  session,
}: {
  readonly user?: string | undefined
  readonly session?: string | undefined
}): {
  readonly user?: string
  readonly session?: string
} {
  if (user !== undefined && session === undefined) return { user }
  if (session !== undefined && user === undefined) return { session }
  throw wrong('user', 'give either user or session')
}

export const Ended = z.object({
  sessions: z
    .int()
    .describe(
      'Sessions that were ended, or from which something was taken away, on all nodes that have answered',
    ),
  silent: z.array(z.string()).describe('Nodes that did not answer in time'),
})
