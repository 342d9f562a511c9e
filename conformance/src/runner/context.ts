import type { Case, Delivery } from '../model.js'
import type { Transcript } from './transcript.js'

/** One run of one case: what the openers need to know. */
export interface RunContext {
  readonly run: Case
  /** Unique in this process; stands in the request target, so that subjects can report about it. */
  readonly name: string
  readonly delivery: Delivery
  /** Whether this run negotiates permessage-deflate in its usual opening. */
  readonly deflate: boolean
  readonly transcript: Transcript
  /** Milliseconds one expectation may take. */
  readonly patience: number
  /** Registers what must be let go when the run is over. */
  cleanup(release: () => void): void
}
