/** Fetched by a client whose WebSocket does not work: other ways to the server, and the choice between all. */
import type { Clock, Frame, Platform, Transport, TransportName } from './core/index.js'
import { waysOf } from './fallback/index.js'
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

export function otherWays({ url, clock, ...parts }: OtherWays, hasWorked: boolean): Transport {
  return waysOf({
    ...parts,
    hasWorked,
    requests: {
      clock,
      random: Math.random,
      post: fetchRequests(url),
      sizeOf: (text) => new Blob([text]).size,
      leaving,
    },
    memory: memoryFor(url),
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
