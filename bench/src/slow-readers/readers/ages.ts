/** How old what a reader shows is. */
import { type Quantiles, quantilesOf } from '../../common/judge/quantiles.js'
import type { Message } from '../commands.js'

type Seen = Pick<Message, 'key' | 'n' | 'at'>

/**
 * For each key the time since a newer value was published than the one that is shown, looked at again and again: so what counts is not how
 * late messages come, but what somebody sees who looks at the reader's screen.
 */
export class Ages {
  readonly #ages: number[] = []
  /** By key: the number of what is shown, and what is newer, oldest first. */
  readonly #shown = new Map<string, number>()
  readonly #newer = new Map<string, Seen[]>()

  /** It was published. */
  published(message: Seen): void {
    const newer = this.#newer.get(message.key)
    if (newer === undefined) this.#newer.set(message.key, [message])
    else newer.push(message)
  }

  /** It is shown from now on. */
  shows({ key, n }: Seen): void {
    this.#shown.set(key, n)
  }

  /** Looks at all keys. */
  look(now: number): void {
    for (const key of this.#newer.keys()) {
      const first = this.#first(key)
      this.#ages.push(first === undefined ? 0 : Math.max(0, now - first.at))
    }
  }

  /** Of how many keys the newest value is not shown. */
  get behind(): number {
    return [...this.#newer.keys()].filter((key) => this.#first(key) !== undefined).length
  }

  quantiles(): Quantiles | undefined {
    return quantilesOf(this.#ages)
  }

  #first(key: string): Seen | undefined {
    const [newer, shown] = [this.#newer.get(key) ?? [], this.#shown.get(key) ?? 0]
    const from = newer.findIndex(({ n }) => n > shown)
    newer.splice(0, from < 0 ? newer.length : from)
    return newer[0]
  }
}
