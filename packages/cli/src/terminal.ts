/** Where a command reads and writes: the process, or a test. */
export interface Terminal {
  /** The folder that relative paths count from. */
  readonly cwd: string
  /** What was asked for. */
  out(text: string): void
  /** What is said beside it: warnings, errors, what was written where. */
  err(text: string): void
}

/** The command line is wrong: the program ends with 2 and says where help is. */
export class UsageError extends Error {}

/** It could not be done, for a reason that the message tells whoever called: the program ends with 1. */
export class Failure extends Error {}
