/** Items are expired in batches: a deadline is met up to this part of its delay late, and never early. */
const LATENESS = 1 / 16
/** Milliseconds that it may take to expire them in one turn of the event loop: of a flood's connections there may be thousands at once. */
const MOST = 1

interface Batch<T> {
  /** Until then items join this batch. */
  readonly closes: number
  readonly due: number
  readonly items: T[]
}

/**
 * Things that must have happened a fixed time after they were added, all behind one timer. Adding costs one slot of an
 * array; what is settled in time is simply found settled when its turn comes.
 */
export class DeadlineQueue<T> {
  readonly #delay: number
  readonly #expire: (item: T) => void
  #batches: Batch<T>[] = []
  #timer: NodeJS.Timeout | null = null

  /** `delay` is in milliseconds. `expire` is called for every item, those long settled too. */
  constructor(delay: number, expire: (item: T) => void) {
    this.#delay = delay
    this.#expire = expire
  }

  add(item: T): void {
    const now = performance.now()
    const last = this.#batches.at(-1)
    if (last !== undefined && now < last.closes) {
      last.items.push(item)
      return
    }
    const closes = now + this.#delay * LATENESS
    this.#batches.push({ closes, due: closes + this.#delay, items: [item] })
    if (this.#timer === null) this.#arm(closes + this.#delay - now)
  }

  #arm(delay: number): void {
    // The timer must not keep a process alive that has nothing else to do.
    this.#timer = setTimeout(() => this.#sweep(), Math.ceil(delay)).unref()
  }

  #sweep(): void {
    const now = performance.now()
    const expired = this.#batches.filter(({ due }) => due <= now)
    this.#batches = this.#batches.slice(expired.length)
    const [next] = this.#batches
    this.#timer = null
    if (next !== undefined) this.#arm(next.due - now)
    this.#expireAll(expired.flatMap(({ items }) => items))
  }

  /** As many as there is time for, and the others in the turns that follow. */
  #expireAll(items: readonly T[], from = 0): void {
    const until = performance.now() + MOST
    for (let at = from; at < items.length; at++) {
      if (at > from && performance.now() >= until) {
        setImmediate(() => this.#expireAll(items, at))
        return
      }
      this.#expire(items[at] as T)
    }
  }
}
