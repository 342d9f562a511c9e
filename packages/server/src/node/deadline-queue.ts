/**
 * Things that must have happened a fixed time after they were added, all behind one timer. Adding costs no timer and
 * no closure; what is settled in time is simply found settled when its turn comes.
 */
export class DeadlineQueue<T> {
  readonly #delay: number
  readonly #expire: (item: T) => void
  #waiting: { readonly item: T; readonly due: number }[] = []
  #timer: NodeJS.Timeout | null = null

  /** `delay` is in milliseconds. `expire` is called for every item, those long settled too. */
  constructor(delay: number, expire: (item: T) => void) {
    this.#delay = delay
    this.#expire = expire
  }

  add(item: T): void {
    this.#waiting.push({ item, due: performance.now() + this.#delay })
    this.#timer ??= this.#arm(this.#delay)
  }

  #arm(delay: number): NodeJS.Timeout {
    // The timer must not keep a process alive that has nothing else to do.
    return setTimeout(() => this.#sweep(), delay).unref()
  }

  #sweep(): void {
    const now = performance.now()
    const live = this.#waiting.findIndex(({ due }) => due > now)
    const expired = live === -1 ? this.#waiting : this.#waiting.slice(0, live)
    this.#waiting = live === -1 ? [] : this.#waiting.slice(live)
    const next = this.#waiting[0]
    this.#timer = next === undefined ? null : this.#arm(Math.ceil(next.due - now))
    for (const { item } of expired) this.#expire(item)
  }
}
