/**
 * The life of a connection, RFC 6455 §7, after the handshake. This file owns the states and every legal step between them.
 */

/** States. What belongs to one state only is a field of it. */
export type ConnectionState =
  /** Messages flow both ways. */
  | { readonly name: 'open' }
  /** Our Close frame is sent, the peer's has not come; its messages are read and dropped. */
  | { readonly name: 'closing' }
  /** Both Close frames passed (§7.1.4): only the transport is left to end. */
  | { readonly name: 'shaken'; readonly code: number; readonly reason: string }
  /** We failed the connection (§7.1.7) or gave it up: the peer is not listened to any more, and gets nothing more. */
  | { readonly name: 'failed'; readonly code: number; readonly reason: string }
  /** The transport has gone and the application has been told. */
  | { readonly name: 'done' }

export type StateName = ConnectionState['name']

/** What can happen to a connection. */
export type ConnectionEvent = 'close' | 'peer-close' | 'failure' | 'transport-end'

/** Every legal step; what is not listed is a mistake of the caller. */
export const TRANSITIONS = {
  open: { close: 'closing', 'peer-close': 'shaken', failure: 'failed', 'transport-end': 'done' },
  closing: { 'peer-close': 'shaken', failure: 'failed', 'transport-end': 'done' },
  shaken: { 'transport-end': 'done' },
  failed: { 'transport-end': 'done' },
  done: {},
} as const satisfies Record<StateName, Partial<Record<ConnectionEvent, StateName>>>

/**
 * The state an event leads to.
 * @throws {Error} for an event that cannot happen in this state.
 */
export function nextState(from: StateName, event: ConnectionEvent): StateName {
  const steps: Partial<Record<ConnectionEvent, StateName>> = TRANSITIONS[from]
  const to = steps[event]
  if (to === undefined) throw new Error(`"${event}" cannot happen to a connection that is ${from}`)
  return to
}
