import type { Clock, Frame, Link, Transport } from '../core/index.js'

/** Milliseconds for a WebSocket to open, and then to bring something: for the first, and for one that is to come back, with everybody else perhaps. */
const PATIENCE = [2000, 4000] as const
/** What worked is given so many attempts before others are asked for: a server that is away is away for all of them. */
const LOYALTY = 2

export interface FallbackParts {
  readonly clock: Clock
  /** What is tried as long as it works; absent where it may not be used. */
  readonly webSocket: Transport | undefined
  /** A ping, as the subprotocol has it that the server chose. It is answered at once even if `connect` is not. [P7.3] */
  ping(chosen: string): Frame
}

/** WebSockets, as long as they work; then another way, by what `load` fetches, which is told whether they ever did and may again: one that was silent is not to be waited for. */
// budget: every page carries this, and as one closure it is smallest.
export const withFallback = <P extends FallbackParts>(
  parts: P,
  load: () => Promise<{ otherWays(parts: P, hasWorked: boolean): Transport }>,
): Transport => {
  const { clock, webSocket, ping } = parts
  let chosen: Transport | undefined
  // Attempts since it last brought something; before it ever did, it has nothing to be trusted for.
  let tries = Number.POSITIVE_INFINITY
  const hasWorked = (): boolean => tries < Number.POSITIVE_INFINITY
  return {
    open(protocol, events) {
      if (chosen) return chosen.open(protocol, events)
      // Nothing more is to be found out.
      let isSettled = ++tries <= LOYALTY
      let cancel = () => {}
      const settle = () => {
        isSettled = true
        cancel()
      }
      const fail = async (reason: string, isSilent = false) => {
        if (isSettled) return
        settle()
        // Where it cannot be fetched, the server cannot be reached either.
        chosen = (await load().catch(() => undefined))?.otherWays(parts, hasWorked() && !isSilent)
        close(3000, reason)
        events.closed(1006, reason, chosen && { wait: 0 })
      }
      const expect = () => {
        cancel()
        if (!isSettled)
          cancel = clock.schedule(PATIENCE[+hasWorked()] as number, () => fail('Nothing came in time', true))
      }
      let link = { close() {} } as unknown as Link
      try {
        link = (webSocket as Transport).open(protocol, {
          ...events,
          opened(name) {
            if (!isSettled) link.send(ping(name))
            expect()
            events.opened(name)
          },
          frame(frame) {
            settle()
            tries = 0
            events.frame(frame)
          },
          closed(code, reason) {
            if (code === 1006 && !isSettled) fail(reason)
            else {
              settle()
              events.closed(code, reason)
            }
          },
        })
      } catch (error) {
        // It may not be used: by this client, or on this page.
        fail(webSocket ? `${error}` : 'No WebSocket')
      }
      const { close } = link
      link.close = (code, reason) => {
        settle()
        close(code, reason)
      }
      expect()
      return link
    },
  }
}
