import { type BadCommand, CODES, type CodeName, type ErrorBody, MillraceError } from '@millrace/protocol'
import type { Clock } from './ports.js'

/** What a command is answered that is not carried out: an error, or as much of one. An Error's stack costs more than most commands. */
export interface Refused extends ErrorBody {
  readonly kind: MillraceError['kind']
}

export function refused(kind: CodeName, details: Partial<ErrorBody> = {}): Refused {
  const { code, reason } = CODES[kind]
  return { message: reason, ...details, kind, code }
}

/** Why a command could not be read. */
export const unreadable = ({ why }: BadCommand): Refused => {
  const { code, message, field } = why
  return refused(code, { message, ...(field !== undefined && { field }) })
}

/** An error as it travels. */
export const bodyOf = ({ code, message, field, retryAfter }: Refused | MillraceError): ErrorBody => ({
  code,
  message,
  field,
  retryAfter,
})

/** What a peer is told of an error: one of the table in full, a fault of ours only that there was one. [H1.3] */
export function tellable(error: unknown, report: (error: unknown) => void): MillraceError {
  if (error instanceof MillraceError) return error
  report(error)
  return new MillraceError('internal-error')
}

/** What a connection is closed with whose connect command is refused. */
export function closesWith({ kind, retry }: MillraceError): CodeName {
  if (kind === 'unsupported-version') return 'version-refused'
  if (kind === 'revoked') return 'access-revoked'
  return retry === 'later' ? 'server-error' : 'authentication-failed'
}

interface Deadline {
  readonly clock: Clock
  readonly milliseconds: number
  /** What to reject with when the time is over. */
  late(): MillraceError
}

/** Whatever becomes of `run`, its caller is told by the deadline. */
export function within<T>({ clock, milliseconds, late }: Deadline, run: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(milliseconds, () => reject(late()))
    run().then(resolve, reject).finally(cancel)
  })
}
