import type { Clock } from './ports.js'

export interface LivenessEvents {
  ping(): void
  /** Nothing was heard for too long, for the reason given; without one, something was heard again. */
  doubt(reason?: string): void
  dead(): void
}

export interface Liveness {
  /** Any frame counts as life; but after so long a silence that the server must have given the client up, only the answer to a ping. */
  heard(isPong?: boolean): void
  /** A frame was sent, by which the server knows that the client lives. */
  said(): void
  /** Asks for a sign of life at once, for the reason given if it is doubted. */
  probe(reason?: string): void
  stop(): void
}

/** Patience is spent in so many waits, of which only those that ended on time count. */
const WAITS = 4
/** So many late waits in one doubt ping again; then they count too, or a dead connection could live for ever in a throttled tab. */
const FORGIVEN = 4

/**
 * Watches whether the peer is alive, by one timer. The server pings idle connections (docs/protocol.md [P7.1]), so there is nothing
 * to do while frames come. After `heartbeat` and half of `patience` of silence the client asks by itself, because a server
 * that only hears commands without replies has no reason to ping; the other half is for the answer, so that a dead peer is
 * noticed within `heartbeat + patience` [P7.2].
 *
 * A timer that fires late (a throttled tab, sleep, a blocked loop) proves nothing about the peer, whose frames may be waiting
 * unread: then the client pings and begins its patience anew. Who has said nothing either for so long that the server must have given it
 * up waits a quarter of it, and for the answer to its ping: what else waits unread may be older than the end. That nothing was heard does
 * not say so: who speaks without being answered gives the server no reason to speak.
 */
export function watchOver(
  clock: Clock,
  { heartbeat, patience }: { readonly heartbeat: number; readonly patience: number },
  events: LivenessEvents,
): Liveness {
  const calm = heartbeat + patience / 2
  const wait = patience / WAITS
  let heardAt = clock.now()
  let saidAt = heardAt
  let cancel = () => {}
  let isGivenUp = false
  // `left`: waits left before the peer counts as dead; 0 when it is not in doubt.
  let [due, left, lates] = [0, 0, 0]
  const arm = (ms: number) => {
    cancel()
    due = clock.now() + ms
    cancel = clock.schedule(ms, check)
  }
  const probe = (reason?: string, waits = WAITS) => {
    isGivenUp ||= clock.now() - Math.max(heardAt, saidAt) > heartbeat + patience
    left = isGivenUp ? 1 : waits
    lates = 0
    arm(wait)
    events.ping()
    if (reason !== undefined) events.doubt(reason)
  }
  const doubt = (late: boolean) => {
    if (late && lates++ < FORGIVEN) {
      left = WAITS
      events.ping()
    } else left--
    if (left > 0) arm(wait)
    else events.dead()
  }
  const check = () => {
    const now = clock.now()
    const late = now - due > wait / 2
    // A clock that was set back puts off the end by one silence, not by as much as it was set.
    heardAt = Math.min(heardAt, now)
    const quiet = now - heardAt
    if (left > 0) doubt(late)
    else if (quiet < calm) arm(calm - quiet)
    else probe(`Nothing heard for ${Math.round(quiet / 1000)} s`, late ? WAITS : WAITS / 2)
  }
  arm(calm)
  return {
    heard(isPong = true) {
      if (isGivenUp && !isPong) return
      isGivenUp = false
      heardAt = clock.now()
      if (left > 0) events.doubt()
      left = 0
    },
    said() {
      saidAt = clock.now()
    },
    probe: (reason) => probe(reason),
    stop: () => cancel(),
  }
}
