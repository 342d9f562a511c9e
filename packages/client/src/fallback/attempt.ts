import type { Clock, Frame, Link, LinkEvents, Next, Via } from '../core/index.js'

export interface AttemptParts {
  readonly clock: Clock
  /** Whose connection it is. */
  readonly events: LinkEvents
  /** Milliseconds for it to open, and for the first answer over it. */
  readonly within: number
  readonly via: Via
  open(events: LinkEvents): Link
  /** A ping, as the subprotocol has it that the server chose. [P7.3] */
  ping(chosen: string): Frame
  /** Something came: it works. */
  proven(attempt: Attempt): void
  /** It could not be reached. Returns what that means for the next attempt. */
  failed(): Next | undefined
  /** It is over, by the network, the server or the client, with this code. Called once. */
  ended(code: number, wasProven: boolean): void
}

/** For so many milliseconds a token is used that was asked for ahead: about as long as one that is not may wait for its connection. */
const TOKEN_LASTS = 10_000

/** A connection that the client was given, of which is learned whether it works. */
export class Attempt implements Link {
  readonly #parts: AttemptParts
  #link: Link | undefined
  #chosen = ''
  #isAsked = false
  /** For the next connection, and until when it is used; for ever while it is asked for. */
  #token: string | undefined
  #tokenUntil = 0
  #isProven = false
  #isOver = false
  #cancel = (): void => {}

  constructor(parts: AttemptParts) {
    this.#parts = parts
    this.#expect('It did not open')
    try {
      this.#link = parts.open(this.#ears())
    } catch (error) {
      void Promise.resolve().then(() => this.#closed(1006, String(error)))
    }
  }

  get buffered(): number {
    return this.#link?.buffered ?? 0
  }

  sizeOf(frame: Frame): number {
    return this.#link?.sizeOf(frame) ?? 0
  }

  send(frame: Frame): void {
    this.#link?.send(frame)
    if (this.#isAsked) return
    this.#isAsked = true
    // Who connects may take long about it; a ping is answered at once.
    this.#link?.send(this.#parts.ping(this.#chosen))
    this.#expect('Nothing came')
  }

  close(code: number, reason: string): void {
    this.#over(code)
    this.#link?.close(code, reason)
  }

  /** Ends for the sake of a better one, if that does no harm and the next one need not wait for its token. */
  makeWay(): boolean {
    const { clock, events } = this.#parts
    if (this.#isOver || !events.idle()) return false
    if (this.buffered > 0) {
      // What waits here may be an answer that somebody waits for.
      this.#link?.flush?.()
      return false
    }
    if (events.ask !== undefined && clock.now() >= this.#tokenUntil) void this.#askAhead(events.ask)
    if (events.ask !== undefined && this.#token === undefined) return false
    this.#over(3000)
    events.closed(3000, 'Moving to a better transport', { wait: 0, token: this.#token })
    return true
  }

  /** The application may take long about a token, or have none at the moment: meanwhile this connection goes on. */
  async #askAhead(ask: () => string | Promise<string>): Promise<void> {
    this.#token = undefined
    this.#tokenUntil = Number.POSITIVE_INFINITY
    try {
      this.#token = await ask()
    } catch {
      // Who moves needs one, who stays does not. It is asked again, but not at once.
    }
    this.#tokenUntil = this.#parts.clock.now() + TOKEN_LASTS
  }

  #ears(): LinkEvents {
    const { events, via } = this.#parts
    return {
      idle: () => events.idle(),
      opened: (chosen) => {
        this.#cancel()
        this.#chosen = chosen
        events.opened(chosen, via)
      },
      frame: (frame) => {
        if (!this.#isProven && !this.#isOver) {
          this.#isProven = true
          this.#cancel()
          this.#parts.proven(this)
        }
        events.frame(frame)
      },
      closed: (code, reason) => this.#closed(code, reason),
    }
  }

  #expect(what: string): void {
    const { clock, within } = this.#parts
    this.#cancel()
    this.#cancel = clock.schedule(within, () => {
      const reason = `${what} within ${within / 1000} s`
      this.#link?.close(3000, reason)
      this.#closed(1006, reason)
    })
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return
    // Whatever the server says, it has been reached.
    const isFailure = !this.#isProven && code === 1006
    this.#over(code)
    this.#parts.events.closed(code, reason, isFailure ? this.#parts.failed() : undefined)
  }

  #over(code: number): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancel()
    this.#parts.ended(code, this.#isProven)
  }
}
