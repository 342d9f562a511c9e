/** Fetched by a client whose WebSocket does not work: other ways to the server, and the choice between all. */
import type { Clock, Frame, Platform, Transport, TransportName } from './core/index.js'
import { Chooser, RequestLink, type RequestPorts } from './fallback/index.js'
import { fetchRequests } from './platform/requests.js'

export interface OtherWays {
  readonly url: string
  readonly clock: Clock
  readonly platform: Platform
  /** Where there is one that may be used. */
  readonly webSocket: Transport | undefined
  /** What may be used. */
  readonly names: readonly TransportName[]
  /** A ping as the client writes it over a WebSocket. */
  ping(): Frame
}

/** Over requests it is JSON, whatever is spoken over a WebSocket. */
const PING = '{"id":4294967296,"ping":{}}'
const KEY = 'millrace.transport'

export function otherWays({ url, clock, platform, webSocket, names, ping }: OtherWays): Transport {
  const ports: RequestPorts = {
    clock,
    random: Math.random,
    post: fetchRequests(url),
    sizeOf: (text) => new Blob([text]).size,
  }
  const requests = (kind: 'poll' | 'stream'): Transport | undefined =>
    names.includes(kind) ? { open: (_, events) => new RequestLink(kind, ports, events) } : undefined
  return new Chooser({
    clock,
    transports: { websocket: webSocket, stream: requests('stream'), poll: requests('poll') },
    ping: (name) => (name === 'websocket' ? ping() : PING),
    remembered: names.find((name) => name === storage()?.getItem(KEY)),
    failed: webSocket && 'websocket',
    remember: (name) => storage()?.setItem(KEY, name),
    watch: (changed) =>
      platform.watch((event) => {
        if (event === 'online') changed()
      }),
  })
}

/** What worked on one page is tried first on the next. Not every runtime and not every page may store anything. */
function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage
  } catch {
    return undefined
  }
}
