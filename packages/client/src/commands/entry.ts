import { type ErrorBody, MillraceError } from '@millrace/protocol'

/** How a command ended on this device. */
export type CommandOutcome = { readonly value: unknown } | { readonly error: ErrorBody }

/** What a device remembers of a command. Plain data, so that any store can keep it. */
export interface CommandEntry {
  readonly id: string
  readonly method: string
  /** When it was begun: milliseconds since 1970. */
  readonly begunAt: number
  /** Absent while it is carried out: from an earlier life, of one that was interrupted. */
  readonly outcome?: CommandOutcome | undefined
}

/** What became of a command, as its handler gave it. */
export function repeat(outcome: CommandOutcome): unknown {
  if ('value' in outcome) return outcome.value
  throw new MillraceError(outcome.error.code, outcome.error)
}
