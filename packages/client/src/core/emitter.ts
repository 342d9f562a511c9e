/** Listeners by event. What a listener throws goes to `failed` and harms neither the other listeners nor the caller. */
export class Emitter<Events extends { [E in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<(args: unknown) => void>>()
  readonly #failed: (error: unknown) => void

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed
  }

  get idle(): boolean {
    return this.#listeners.size === 0
  }

  on<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    // A wrapper of its own, so that one function listening twice is two listeners.
    const entry = (args: unknown) => listener(...(args as Events[E]))
    listeners.add(entry)
    return () => {
      if (listeners.delete(entry) && listeners.size === 0) this.#listeners.delete(event)
    }
  }

  /** Calls the listeners of the moment; one that is removed by another is not called any more. False when there are none. */
  emit<E extends keyof Events>(event: E, ...args: Events[E]): boolean {
    const listeners = this.#listeners.get(event)
    for (const entry of [...(listeners ?? [])]) {
      if (!listeners?.has(entry)) continue
      try {
        entry(args)
      } catch (error) {
        this.#failed(error)
      }
    }
    return listeners !== undefined
  }
}
