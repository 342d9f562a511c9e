import type { ClientState } from '../core/index.js'

/** What a banner has to say. */
export type NoticeKind = 'connecting' | 'reconnecting' | 'offline' | 'degraded' | 'closed' | 'recovered'

/** What a banner shows at a moment; words.ts puts it into words. */
export interface Notice {
  readonly kind: NoticeKind
  readonly state: ClientState
  /** What is said beside it. */
  readonly note?: 'countdown' | 'trying' | 'checking' | 'checked' | undefined
  /** Whether the note is read out: what a person asked for is, what comes by itself is not. */
  readonly isSpoken?: boolean | undefined
  /** With `countdown`: whole seconds until the next attempt. */
  readonly seconds?: number
  /** With `recovered`: what was shown before. */
  readonly after?: NoticeKind
}

type Beside = Pick<Notice, 'note' | 'isSpoken' | 'seconds'>

export interface Look {
  /** Absent while there is nothing to say. */
  readonly notice: Notice | undefined
  /** In how many milliseconds to look again; Infinity when nothing changes by itself. */
  readonly again: number
}

/** How long good news stays, in milliseconds. */
const GOOD_NEWS = 2000
/** How long an attempt is shown at least, in milliseconds: many fail within a frame of the screen, which would flicker. */
const SHORTEST_ATTEMPT = 700

/** How bad a state is. What is worse than what is shown must last before it is shown; what is better is shown at once. */
const BADNESS = { connected: 0, degraded: 1, connecting: 2, reconnecting: 2, offline: 2, closed: 3 } as const
/** RFC 6455 §7.4.1: the code of a client that the application closed. */
const NORMAL = 1000

/** A client that was not used yet, or that the application closed, is no trouble. */
const badnessOf = ({ name, code = NORMAL }: ClientState): number =>
  name === 'closed' && code === NORMAL ? 0 : BADNESS[name]

/** Decides what to show of one client's life. It knows no platform: who uses it says what time it is. */
export class Notices {
  #now = 0
  #again = Number.POSITIVE_INFINITY
  /** How bad it is, and since when it has not been better than that. */
  #badness = 0
  #since = 0
  /** How bad what is shown is. */
  #shown = 0
  #notice: Notice | undefined
  #recoveredUntil = 0
  #checkedUntil = 0
  /** The state of the last attempt, and until when it is shown if it ends before. */
  #attempt: ClientState | undefined
  #tryingUntil = 0
  /** The state in which a person pressed the button, until what that began is over. */
  #asked: ClientState | undefined

  /** The button is pressed: to be told before that has any effect. */
  press(state: ClientState): void {
    this.#asked = state
  }

  /** What to show at this time, of a client in this state. `delay`: milliseconds that a trouble must last before it is shown. */
  look(state: ClientState, now: number, delay: number): Look {
    this.#now = now
    this.#again = Number.POSITIVE_INFINITY
    const badness = badnessOf(state)
    if (badness > this.#badness) this.#since = Math.min(state.since, now)
    this.#badness = badness
    // What is closed stays so: there is nothing to wait for.
    if (badness > this.#shown && badness < BADNESS.closed && this.#isAhead(this.#since + delay)) {
      if (this.#shown === 0 && !this.#isAhead(this.#recoveredUntil)) this.#notice = undefined
    } else {
      const before = this.#shown > 0 ? this.#notice?.kind : undefined
      this.#shown = badness
      this.#notice = this.#decide(state, before)
    }
    return { notice: this.#notice, again: this.#again }
  }

  /** Whether a time is still to come; if so, it is one to look again at. */
  #isAhead(time: number): boolean {
    const wait = time - this.#now
    if (wait > 0) this.#again = Math.min(this.#again, wait)
    return wait > 0
  }

  #decide(state: ClientState, before: NoticeKind | undefined): Notice | undefined {
    const { name: kind } = state
    if (kind === 'connected') return this.#recovered(state, before)
    if (this.#shown === 0) return undefined
    const beside =
      kind === 'degraded' ? this.#besideDegraded(state) : kind !== 'closed' && this.#besideAway(state)
    return { kind, state, ...beside }
  }

  #recovered(state: ClientState, before: NoticeKind | undefined): Notice | undefined {
    this.#asked = undefined
    if (before) {
      this.#recoveredUntil = this.#now + GOOD_NEWS
      this.#notice = { kind: 'recovered', state, after: before }
    }
    return this.#isAhead(this.#recoveredUntil) ? this.#notice : undefined
  }

  #besideDegraded(state: ClientState): Beside | false {
    if (this.#asked === state) return { note: 'checking', isSpoken: true }
    // The answer to a probe begins the state anew.
    if (this.#asked?.name === 'degraded') this.#checkedUntil = this.#now + GOOD_NEWS
    this.#asked = undefined
    return this.#isAhead(this.#checkedUntil) && { note: 'checked', isSpoken: true }
  }

  #besideAway(state: ClientState): Beside | false {
    const { name, retryAt = 0 } = state
    const isSpoken = this.#asked !== undefined
    const isTrying = retryAt <= this.#now
    if (isTrying && this.#attempt !== state) {
      this.#attempt = state
      this.#tryingUntil = this.#now + SHORTEST_ATTEMPT
    }
    // Without a network attempts are of no interest, and who is connecting is known to try; unless a person wanted it.
    if (this.#isAhead(this.#tryingUntil) || isTrying)
      return (name === 'reconnecting' || isSpoken) && { note: 'trying', isSpoken }
    this.#asked = undefined
    const seconds = Math.ceil((retryAt - this.#now) / 1000)
    this.#isAhead(retryAt - (seconds - 1) * 1000)
    return name !== 'offline' && { note: 'countdown', seconds }
  }
}
