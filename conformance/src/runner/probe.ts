import type { CloseReport } from '../model.js'
import type { H2Connection } from '../wire/h2.js'
import type { H2Stream } from '../wire/h2-stream.js'
import type { HttpHead } from '../wire/http1.js'
import type { Peer } from './peer.js'
import type { Transcript } from './transcript.js'

/** What a step written as a function may use: the open connection and how it came about. */
export interface Probe {
  readonly peer: Peer
  readonly transcript: Transcript
  /** Milliseconds one expectation may take. */
  readonly patience: number
  /** The opening request of a client subject. */
  readonly request?: HttpHead
  /** The response of a server subject; over HTTP/2 its status stands in the start line. */
  readonly response?: HttpHead
  /** The connection below, when the transport is HTTP/2. */
  readonly h2?: { readonly connection: H2Connection; readonly stream: H2Stream }
  /** One more WebSocket: on the same HTTP/2 connection, or by one more dial of the client subject. */
  another(): Promise<Probe>
  report(): Promise<CloseReport>
  /** Lets everything of this run go. */
  destroy(): void
}
