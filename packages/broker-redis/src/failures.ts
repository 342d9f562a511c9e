import { MillraceError } from '@millrace/protocol'
import { ErrorReply } from '@redis/client'

/** Milliseconds after which it makes sense to try again: most interruptions are over by then. */
export const RETRY_AFTER = 500

/** What is wrong will not go away by itself: a password, a version. Trying again is of no use. */
export class NoEntry extends Error {
  override readonly name = 'NoEntry'
}

export const unavailable = (message: string, retryAfter: number = RETRY_AFTER): MillraceError =>
  new MillraceError('unavailable', { message, retryAfter })

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whether Redis has forgotten a script, as after SCRIPT FLUSH. */
export const isScriptMissing = (error: unknown): boolean =>
  error instanceof ErrorReply && error.message.startsWith('NOSCRIPT')

/** Whether this Redis has become a replica: the primary is elsewhere now, behind the same name. */
export const isReplica = (error: unknown): boolean =>
  error instanceof ErrorReply && error.message.startsWith('READONLY')

/** What a caller is told when a command fails. A command without an answer may have been carried out, or not. */
export function failureOf(error: unknown, where: string): Error {
  if (error instanceof MillraceError) return error
  if (error instanceof ErrorReply) return unavailable(`Redis at ${where} refuses: ${error.message}`)
  return unavailable(`No answer from Redis at ${where}: ${messageOf(error)}`)
}

/** What a refused connection means, in words that say what to do; undefined when it may go away by itself. */
export function noEntry(error: unknown, where: string): NoEntry | undefined {
  if (error instanceof NoEntry) return error
  if (!(error instanceof ErrorReply)) return undefined
  const { message } = error
  if (message.startsWith('NOAUTH'))
    return new NoEntry(`Redis at ${where} needs a password: redis://:PASSWORD@${where}, or user:PASSWORD`)
  if (message.startsWith('WRONGPASS') || /invalid (username-)?password/i.test(message))
    return new NoEntry(`Redis at ${where} does not accept this user and password`)
  if (/unknown command/i.test(message)) return tooOld('no HELLO', where)
  if (message.startsWith('NOPERM'))
    return new NoEntry(`Redis at ${where} does not let this user do what is needed: ${message}`)
  if (/DB index is out of range/i.test(message))
    return new NoEntry(`Redis at ${where} has no such database: ${message}`)
  return undefined
}

export const tooOld = (version: string, where: string): NoEntry =>
  new NoEntry(`Redis at ${where} is too old (${version}): 6.2 or later is needed, or Valkey`)
