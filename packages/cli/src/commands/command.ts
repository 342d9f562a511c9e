import type { Terminal } from '../terminal.js'

/** One command of the program, in a file of its own in this folder. */
export interface Command {
  readonly name: string
  /** What it does, in one line for the program's help. */
  readonly summary: string
  /**
   * Does it, and resolves with the exit code. Rejects with a UsageError for a wrong command line and with a Failure for what could not be
   * done; the program says both and ends with their codes.
   */
  run(args: readonly string[], terminal: Terminal): Promise<number>
}
