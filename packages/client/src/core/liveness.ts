import type { Clock } from './ports.js'

export interface LivenessEvents {
  ping(): void
  /** Nothing was heard for too long, for the reason given; without one, something was heard again. */
  doubt(reason: string | undefined): void
  dead(): void
}

/** Patience is spent in so many waits, of which only those that ended on time count. */
const WAITS = 4
/** So many late waits in one doubt ping again; then they count too, or a dead connection could live for ever in a throttled tab. */
const FORGIVEN = 4

/**
 * Whether the peer is alive, by one timer. The server pings idle connections (docs/protocol.md [P7.1]), so there is nothing to
 * do while frames come. After `heartbeat` and half of `patience` of silence the client asks by itself, because a server that
 * only hears commands without replies has no reason to ping; the other half is for the answer, so that a dead peer is
 * noticed within `heartbeat + patience` [P7.2].
 *
 * A timer that fires late (a throttled tab, sleep, a blocked loop) proves nothing about the peer, whose frames may be waiting
 * unread: then the client pings and begins its patience anew.
 */
export class Liveness {
  readonly #clock: Clock
  readonly #calm: number
  readonly #wait: number
  readonly #events: LivenessEvents
  #heardAt = 0
  #due = 0
  #cancel: (() => void) | undefined
  /** Waits left before the peer counts as dead; 0 when it is not in doubt. */
  #left = 0
  #late = 0

  constructor(
    clock: Clock,
    { heartbeat, patience }: { readonly heartbeat: number; readonly patience: number },
    events: LivenessEvents,
  ) {
    this.#clock = clock
    this.#calm = heartbeat + patience / 2
    this.#wait = patience / WAITS
    this.#events = events
    this.heard()
    this.#arm(this.#calm)
  }

  /** Any frame counts as life. */
  heard(): void {
    this.#heardAt = this.#clock.now()
    if (this.#left > 0) this.#events.doubt(undefined)
    this.#left = 0
  }

  /** Asks for a sign of life at once, for the reason given if it is doubted. */
  probe(reason?: string, waits = WAITS): void {
    this.#left = waits
    this.#late = 0
    this.#arm(this.#wait)
    this.#events.ping()
    if (reason !== undefined) this.#events.doubt(reason)
  }

  stop(): void {
    this.#cancel?.()
  }

  #arm(ms: number): void {
    this.#cancel?.()
    this.#due = this.#clock.now() + ms
    this.#cancel = this.#clock.schedule(ms, () => this.#check())
  }

  #check(): void {
    const now = this.#clock.now()
    const late = now - this.#due > this.#wait / 2
    if (this.#left > 0) this.#doubt(late)
    else {
      // A clock that was set back puts off the end by one silence, not by as much as it was set.
      this.#heardAt = Math.min(this.#heardAt, now)
      const quiet = now - this.#heardAt
      if (quiet < this.#calm) this.#arm(this.#calm - quiet)
      else this.probe(`Nothing heard for ${Math.round(quiet / 1000)} s`, late ? WAITS : WAITS / 2)
    }
  }

  #doubt(late: boolean): void {
    if (late && this.#late++ < FORGIVEN) {
      this.#left = WAITS
      this.#events.ping()
    } else this.#left--
    if (this.#left > 0) this.#arm(this.#wait)
    else this.#events.dead()
  }
}
