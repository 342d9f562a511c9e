import type { CloseReport, Feature, SubjectOptions, Transport } from '../model.js'
import type { Target } from '../wire/link.js'

interface SubjectFacts {
  /** As `--subject` and the table call it. */
  readonly name: string
  /** Whether its usual connections negotiate permessage-deflate. */
  readonly deflate: boolean
  readonly transport: Transport
  /** What it can be told and what it tells. A case that needs more is skipped. */
  readonly features: ReadonlySet<Feature>
}

/** An echo server: every message comes back with the same opcode and payload. */
export interface ServerSubject extends SubjectFacts {
  readonly role: 'server'
  start(options: SubjectOptions): Promise<RunningServer>
}

export interface RunningServer {
  readonly target: Target
  /** The value of Host or :authority. */
  readonly authority: string
  /** The request target for one run; the run's name lets the subject report about it. */
  path(run: string): string
  /** Resolves when the connection of this run ended. Only for subjects with the feature `report`. */
  report(run: string): Promise<CloseReport>
  stop(): Promise<void>
}

/** An echo client: connects, and sends every message back. */
export interface ClientSubject extends SubjectFacts {
  readonly role: 'client'
  dial(url: string, options: SubjectOptions): ClientRun
}

export interface ClientRun {
  /** The agreed subprotocol ('' for none), or undefined when the opening failed. */
  readonly opened: Promise<string | undefined>
  readonly report: Promise<CloseReport>
  /** Lets go of whatever is left. */
  abort(): void
}

export type Subject = ServerSubject | ClientSubject
