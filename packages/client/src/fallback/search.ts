import type { Clock, Frame, Transport, TransportName } from '../core/index.js'
import { Candidate } from './candidate.js'
import type { Rests } from './rests.js'

/** A way to the server, by its name. */
export interface Way {
  readonly name: TransportName
  readonly transport: Transport
}

export interface SearchParts {
  readonly clock: Clock
  readonly rests: Rests
  /** What is better than the way in use, the best first. */
  readonly better: readonly Way[]
  readonly protocol: string
  ping(chosen: string): Frame
  /** Milliseconds within which something must have come back. */
  readonly within: number
  /** A better way works: true when the one in use makes way for it; false when not now. */
  found(found: Found): boolean
}

export interface Found {
  readonly name: TransportName
  readonly candidate: Candidate
}

/** How long is waited for a moment in which no request is under way, and how often is looked, in milliseconds. */
const QUIET_WITHIN = 5000
const LOOKS_EVERY = 100

type State =
  | { readonly is: 'resting'; readonly cancel: () => void }
  | { readonly is: 'trying'; readonly candidate: Candidate }
  | { readonly is: 'waiting'; readonly found: Found; readonly cancel: () => void }
  | { readonly is: 'over' }

/** Tries the ways that are better than the one in use, one at a time, each when it has rested. [P8.8] */
export class Search {
  readonly #parts: SearchParts
  #state: State = { is: 'over' }

  constructor(parts: SearchParts) {
    this.#parts = parts
    this.#rest()
  }

  /** There may be another network: nothing needs to rest. */
  hurry(): void {
    if (this.#state.is !== 'resting') return
    this.#state.cancel()
    this.#rest()
  }

  /** Ends it. Returns what was found and is not in use: the caller's, to use or to drop. */
  stop(): Found | undefined {
    const state = this.#state
    this.#state = { is: 'over' }
    if (state.is === 'resting' || state.is === 'waiting') state.cancel()
    if (state.is === 'trying') state.candidate.drop()
    return state.is === 'waiting' ? state.found : undefined
  }

  #rest(): void {
    const { better, clock, rests } = this.#parts
    const [next] = better
      .map((way) => ({ way, left: rests.left(way.name) }))
      .sort((one, other) => one.left - other.left)
    if (next === undefined) return
    const cancel = clock.schedule(next.left, () => this.#try(next.way))
    this.#state = { is: 'resting', cancel }
  }

  #try({ name, transport }: Way): void {
    const { clock, protocol, ping, rests, within } = this.#parts
    const candidate: Candidate = new Candidate({
      ...{ clock, transport, protocol, ping, within },
      works: () => this.#wait({ name, candidate }, clock.now() + QUIET_WITHIN),
      fails: () => {
        // Who stopped this search may have kept what it found.
        if (this.#state.is === 'over') return
        rests.add(name)
        if (this.#state.is === 'waiting') this.#state.cancel()
        this.#rest()
      },
    })
    this.#state = { is: 'trying', candidate }
  }

  /** Until the one in use makes way, but not for long: what works would be closed as something that never connects. */
  #wait(found: Found, until: number): void {
    const { clock, rests } = this.#parts
    this.#state = { is: 'over' }
    if (this.#parts.found(found)) return
    if (clock.now() < until) {
      const cancel = clock.schedule(LOOKS_EVERY, () => this.#wait(found, until))
      this.#state = { is: 'waiting', found, cancel }
    } else {
      found.candidate.drop()
      rests.putOff(found.name)
      this.#rest()
    }
  }
}
