import type { Settings } from './options.js'
import type { Payloads } from './payloads.js'
import type { Ports } from './ports.js'
import type { Requests } from './requests.js'
import type { Subscription } from './subscription.js'

/** What the parts of one client share. */
export interface Core {
  readonly ports: Ports
  readonly settings: Settings
  readonly requests: Requests
  readonly payloads: Payloads
  readonly subscriptions: Map<string, Subscription>
  /** Whether commands are sent right now. */
  connected(): boolean
  /** Bytes written and not yet on the network. */
  buffered(): number
  /** Connects, if the client was never used and may do so by itself. */
  use(): void
  /** An id that no other publication has. */
  id(): string
  /** Tells an error that has no better place. */
  fail(error: unknown): void
}
