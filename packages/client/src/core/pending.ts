import { CODES, type CodeName, type ErrorBody, MillraceError } from '@millrace/protocol'
import type { Signal } from './types.js'

/** How something ends: with an error, or without one and with a value. */
export type Settle<T = void> = (error?: MillraceError, value?: T) => void

/** An error as it is told: one of the table as it is, any other one under the code given. */
export function told(error: unknown, otherwise: CodeName): ErrorBody {
  const { code } = error instanceof MillraceError ? error : CODES[otherwise]
  const { message = String(error), field } = error as Partial<MillraceError>
  return { code, message, field }
}

/** The error of a caller that gave up; its own reason is the `cause`. */
export function aborted(signal: Signal | undefined): MillraceError {
  const error = new MillraceError('aborted')
  error.cause = signal?.reason
  return error
}

/** Runs when the signal aborts, at once if it has. The function returned forgets it. */
export function onAbort(signal: Signal | undefined, run: () => void): () => void {
  if (signal?.aborted) run()
  else signal?.addEventListener('abort', run)
  return () => signal?.removeEventListener('abort', run)
}
