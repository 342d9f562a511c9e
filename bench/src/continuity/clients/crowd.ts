/** All clients of a run, each with its tally. */
import { now } from '../../common/clock.js'
import { Tally, type TallyLog } from '../../common/judge/tally.js'
import type { Range, Waited } from '../commands.js'
import type { Join, Seat } from './join.js'

/** So many join at a time: the beginning is not what is measured, and no server need be flooded. */
const AT_ONCE = 100

interface Waiting {
  readonly messages: number
  readonly lacking: Set<Tally>
  readonly done: () => void
}

export class Crowd {
  readonly #tallies: Tally[] = []
  readonly #join: Join
  #waiting: Waiting | undefined

  constructor(join: Join) {
    this.#join = join
  }

  async join(seats: readonly Seat[]): Promise<void> {
    for (let at = 0; at < seats.length; at += AT_ONCE)
      await Promise.all(seats.slice(at, at + AT_ONCE).map((seat) => this.#seat(seat)))
  }

  /** Waits until the clients of a range have so many different messages each, but no longer than `patience` ms. */
  async wait({ first, count }: Range, messages: number, patience: number): Promise<Waited> {
    const all = this.#tallies.slice(first, first + count)
    const lacking = new Set(all.filter((tally) => tally.heard < messages))
    if (lacking.size > 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, patience)
        const done = (): void => {
          clearTimeout(timer)
          resolve()
        }
        this.#waiting = { messages, lacking, done }
      })
      this.#waiting = undefined
    }
    return { at: now(), lacking: lacking.size }
  }

  tallies(): TallyLog[] {
    return this.#tallies.map((tally) => tally.log())
  }

  #seat(seat: Seat): Promise<void> {
    const tally = new Tally()
    this.#tallies.push(tally)
    return this.#join(seat, {
      message: (message) => {
        tally.hear(message, now())
        this.#note(tally)
      },
      gap: () => tally.tellGap(),
    })
  }

  #note(tally: Tally): void {
    const waiting = this.#waiting
    if (waiting === undefined || tally.heard < waiting.messages) return
    waiting.lacking.delete(tally)
    if (waiting.lacking.size === 0) waiting.done()
  }
}
