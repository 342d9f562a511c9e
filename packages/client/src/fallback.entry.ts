/** Fetched by a client whose WebSocket does not work: other ways to the server, and the choice between all. */
import type { Clock, Frame, Platform, Transport, TransportName } from './core/index.js'
import { Chooser, Pace, RequestLink, type RequestPorts } from './fallback/index.js'
import { fetchRequests } from './platform/requests.js'

export interface OtherWays {
  readonly url: string
  readonly clock: Clock
  readonly platform: Platform
  /** Where there is one that may be used. */
  readonly webSocket: Transport | undefined
  /** What may be used; absent for everything. */
  readonly names: readonly TransportName[] | undefined
  /** A ping, as the subprotocol has it that the server chose. */
  ping(chosen: string): Frame
}

const ALL: readonly TransportName[] = ['websocket', 'stream', 'poll']

export function otherWays({ url, clock, platform, webSocket, names = ALL, ping }: OtherWays): Transport {
  const ports: RequestPorts = {
    clock,
    random: Math.random,
    post: fetchRequests(url),
    sizeOf: (text) => new Blob([text]).size,
    leaving,
  }
  const pace = new Pace(clock)
  const requests = (kind: 'poll' | 'stream'): Transport | undefined =>
    names.includes(kind) ? { open: (_, events) => new RequestLink(kind, { ports, pace, events }) } : undefined
  const memory = memoryFor(url)
  return new Chooser({
    clock,
    ping,
    transports: { websocket: webSocket, stream: requests('stream'), poll: requests('poll') },
    remembered: names.find((name) => name === memory.read()),
    failed: webSocket && 'websocket',
    remember: memory.write,
    note: (name) =>
      name === 'poll' && pace.wait === 0 ? 'Slower refresh: the network cuts requests that wait' : undefined,
    watch: (changed) =>
      platform.watch((event) => {
        if (event !== 'online') return
        pace.reset()
        changed()
      }),
  })
}

/** Only in browsers do pages go; one that goes into the back-forward cache may come back. */
function leaving(tell: () => void): () => void {
  const stop = new AbortController()
  const hear = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) tell()
  }
  globalThis.addEventListener?.('pagehide', hear, { signal: stop.signal })
  return () => stop.abort()
}

/** What worked on one page is tried first on the next. Not every runtime and not every page may store anything. */
function memoryFor(url: string) {
  const key = `millrace.transport ${url}`
  return {
    read(): string | null {
      try {
        return sessionStorage.getItem(key)
      } catch {
        return null
      }
    },
    write(name: TransportName): void {
      try {
        sessionStorage.setItem(key, name)
      } catch {
        // It is found out again.
      }
    },
  }
}
