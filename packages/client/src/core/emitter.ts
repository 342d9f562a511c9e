import { onAbort } from './pending.js'
import type { ListenOptions } from './types.js'

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

  /** `gone` runs when the listener is removed, by the function returned or by its signal. */
  on<E extends keyof Events>(
    event: E,
    listener: (...args: Events[E]) => void,
    { signal, gone }: ListenOptions & { readonly gone?: () => void } = {},
  ): () => void {
    const listeners = this.#listeners.get(event) ?? new Set()
    this.#listeners.set(event, listeners)
    // A wrapper of its own, so that one function listening twice is two listeners.
    const entry = (args: unknown) => listener(...(args as Events[E]))
    listeners.add(entry)
    let forget: (() => void) | undefined
    const off = () => {
      if (!listeners.delete(entry)) return
      forget?.()
      if (listeners.size === 0) this.#listeners.delete(event)
      gone?.()
    }
    forget = onAbort(signal, off)
    return off
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
