import { type Api, jsonClient, type OpenApi } from '@millrace/protocol'
import { CoreClient, type TransportName } from './core/index.js'
import type { Client as ClientOf, CoreOptions } from './core/types.js'
import type { OtherWays } from './fallback.entry.js'
import { platformBase64 } from './platform/base64.js'
import { systemClock } from './platform/clock.js'
import { platformOf } from './platform/platform.js'
import { endpoint } from './platform/url.js'
import { type WebSocketClass, webSockets } from './platform/web-socket.js'
import { withFallback } from './platform/with-fallback.js'

/** A client of the api A. See docs/client.md. */
export type Client<A extends Api = OpenApi> = ClientOf<A, AbortSignal>

export interface ClientOptions<A extends Api = OpenApi> extends CoreOptions<A, AbortSignal> {
  /** Where the server is: `/millrace` (resolved against the page), `wss://…`, or `https://…`, which is turned into `wss://…`. */
  readonly url: string | URL
  /** The WebSocket class of a runtime without a global one, such as Node 20: that of `ws` or `undici`. */
  readonly webSocket?: WebSocketClass | undefined
  /**
   * What may be used. Default all: `['websocket', 'stream', 'poll']`. WebSocket is tried first; the code of the others is fetched when
   * it does not work.
   */
  readonly transports?: readonly TransportName[] | undefined
}

/** Makes a client: `createClient<typeof api>({ url: '/millrace' })`. Throws a TypeError that names the option that is wrong. */
export function createClient<A extends Api = OpenApi>(options: ClientOptions<A>): Client<A> {
  const { transports: names, webSocket: WebSocket = globalThis.WebSocket } = options
  const isAllowed = names?.includes('websocket') ?? true
  if (isAllowed && typeof WebSocket !== 'function')
    throw new TypeError("webSocket must be given: the class of 'ws' or 'undici', for this runtime has none")
  const clock = systemClock
  const url = endpoint(options.url)
  const platform = platformOf(globalThis)
  const json = jsonClient(platformBase64)
  const ways: OtherWays = {
    ...{ url, clock, platform, names },
    webSocket: isAllowed ? webSockets(WebSocket, url) : undefined,
    ping: (chosen) =>
      ((chosen && options.dialect) || json).encodeCommands([{ id: 2 ** 32, kind: 'ping', body: {} }]),
  }
  const ports = {
    ...{ clock, platform, json },
    random: Math.random,
    transport: withFallback(ways, () => import('./fallback.entry.js')),
  }
  // Inside, the application's types are not known; a type test holds the two views together.
  return new CoreClient(options as unknown as CoreOptions<Api>, ports) as unknown as Client<A>
}

export {
  CODES,
  type CodeName,
  call,
  channel,
  type Duration,
  defineApi,
  type Gap,
  type GapReason,
  MillraceError,
  type PayloadCodec,
  type PayloadCodecs,
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
  Published,
  PublishOptions,
  Received,
  RequestOptions,
  SubscriptionOptions,
  TokenSource,
} from './core/types.js'
export { type PresentUser, type UsersEvent, usersOf } from './core/users.js'
export type { WebSocketClass, WebSocketLike } from './platform/web-socket.js'
