import type { StoredPublication } from '@millrace/server'
import type { Store } from './store.js'
import type { StreamState } from './stream-state.js'

/** What a stream's kept publications are read from. */
export interface KeptParts {
  readonly channel: string
  readonly store: Store
}

/** Publications that are asked for: those after an offset, or those before one, so many at most. */
export type Asked =
  | { readonly after: number; readonly limit: number }
  | { readonly before: number; readonly limit: number }

/** What is kept of a stream as it stood at one moment. */
export interface Part {
  /** Its head and floor at that moment. */
  readonly state: StreamState
  readonly publications: readonly StoredPublication[]
  readonly more: boolean
}
