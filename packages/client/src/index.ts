import type { Api, OpenApi } from '@millrace/protocol'
import type { Client as CoreClient, CoreOptions } from './core/types.js'

/** A client of the api A. See docs/client.md. */
export type Client<A extends Api = OpenApi> = CoreClient<A, AbortSignal>

export interface ClientOptions<A extends Api = OpenApi> extends CoreOptions<A, AbortSignal> {
  /** Where the server is: `/millrace` (resolved against the page), `wss://…`, or `https://…`, which is turned into `wss://…`. */
  readonly url: string | URL
  /** The WebSocket class of a runtime without a global one, such as Node 20: that of `ws` or `undici`. */
  readonly webSocket?: WebSocketClass | undefined
}

/** What the client needs of a WebSocket: browsers', Node's, Deno's, Bun's, `ws` and `undici` have it. */
export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike
export interface WebSocketLike {
  binaryType: string
  readonly protocol: string
  readonly bufferedAmount: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: { data?: unknown; code?: number; reason?: string }) => void,
  ): void
}

/** Makes a client: `createClient<typeof api>({ url: '/millrace' })`. Throws a TypeError that names the option that is wrong. */
export declare function createClient<A extends Api = OpenApi>(options: ClientOptions<A>): Client<A>

export {
  CODES,
  type CodeName,
  type Gap,
  type GapReason,
  MillraceError,
  type Position,
  type Publisher,
} from '@millrace/protocol'
export type { ClientState, ClientStateName } from './core/client-states.js'
export type {
  CallRequestOptions,
  Channel,
  ChannelEvents,
  ChannelMember,
  ChannelState,
  ClientEvents,
  Delivery,
  HistoryPage,
  HistoryRequest,
  IncomingCall,
  Iterated,
  IterateOptions,
  ListenOptions,
  MemberList,
  PresenceEvent,
  PublishOptions,
  Received,
  RequestOptions,
  SubscriptionOptions,
} from './core/types.js'
