/** Just enough of a peer's application protocol to subscribe, publish and count: the one seam between the generator and a peer. */

export const ROLES = ['subscriber', 'publisher', 'echo'] as const
export type Role = (typeof ROLES)[number]

/** What a data message from the server means to the generator. */
export const MEANING = {
  /** Nothing to count: an acknowledgement, a greeting without an answer. */
  other: 0,
  /** The connection may be used: its handshake, subscription included, is complete. */
  ready: 1,
  /** A delivered publication or an echo. */
  delivery: 2,
  /** To be answered with the dialect's `greeting`. */
  greeting: 3,
  /** To be answered with the dialect's `pong`. */
  heartbeat: 4,
  /** The server refused something; the run is void. */
  refusal: 5,
} as const

export interface Dialect {
  /** Path and query of the upgrade request. */
  path(role: Role): string
  readonly subprotocol?: string
  /** How many payload bytes `inspect` must see; 0 when every message is a delivery. */
  readonly peek: number
  inspect(bytes: Uint8Array, start: number, end: number): number
  /** Whether a connection is usable as soon as the upgrade is accepted. */
  readonly readyAtOnce: boolean
  /** Text sent as soon as the upgrade is accepted. */
  hello?(role: Role): string
  /** Text that answers the server's greeting. */
  greeting?(role: Role): string
  /** Text that answers an application-level heartbeat. */
  readonly pong?: string
  /** Text of a publication. `sequence` tells publications apart where the protocol gives each an id. */
  publish(payload: string, sequence: number): string
  /** Whether `publish` depends on `sequence`, so that its frames cannot be built beforehand. */
  readonly sequenced: boolean
  /** Text of a message that the server sends back. */
  echo(payload: string): string
}
