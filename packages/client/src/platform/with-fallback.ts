import type { Clock, Frame, Transport } from '../core/index.js'

/** Milliseconds for the first to open, and then to bring something. */
const PATIENCE = 2000
/** What worked is given so many attempts before others are asked for: a server that is away is away for all of them. */
const LOYALTY = 2

export interface FallbackParts {
  readonly clock: Clock
  /** What is tried as long as it works. */
  readonly first: Transport
  /** A ping, which is answered at once even if `connect` is not. [P7.3] */
  ping(): Frame
  /** Fetches what knows other ways. */
  load(): Promise<Transport>
}

/** A transport that looks for another way where the first does not work. */
export const withFallback = ({ clock, first, ping, load }: FallbackParts): Transport => {
  let chosen: Transport | undefined
  // Attempts since it last brought something; before it ever did, it has nothing to be trusted for.
  let tries = LOYALTY
  return {
    open(protocol, events) {
      if (chosen !== undefined) return chosen.open(protocol, events)
      if (++tries <= LOYALTY)
        return first.open(protocol, {
          ...events,
          frame(frame) {
            tries = 0
            events.frame(frame)
          },
        })
      let isOver = false
      let cancel = () => {}
      const end = () => {
        isOver = true
        cancel()
      }
      const fail = async (reason: string) => {
        if (isOver) return
        end()
        // Where it cannot be fetched, the server cannot be reached either.
        chosen = await load().catch(() => undefined)
        link.close(3000, reason)
        events.closed(1006, reason, chosen && 0)
      }
      const expect = (what: string) => {
        cancel()
        cancel = clock.schedule(PATIENCE, () => fail(`${what} within ${PATIENCE} ms`))
      }
      const link = first.open(protocol, {
        ...events,
        opened(subprotocol) {
          cancel()
          events.opened(subprotocol)
        },
        frame(frame) {
          end()
          tries = 0
          events.frame(frame)
        },
        closed(code, reason) {
          if (code === 1006 && !isOver) fail(reason)
          else events.closed(code, reason)
        },
      })
      const { send } = link
      link.send = (frame) => {
        link.send = send
        send(frame)
        send(ping())
        expect('Nothing came')
      }
      expect('It did not open')
      return link
    },
  }
}

/** A first way for who may not use it: it never opens. */
export const NONE: Transport = {
  open(_, { closed }) {
    Promise.resolve().then(() => closed(1006, ''))
    return { buffered: 0, sizeOf: () => 0, send() {}, close() {} }
  },
}
