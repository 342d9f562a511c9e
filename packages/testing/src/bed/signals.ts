import type { Work } from './work.js'

/** What both directions of listening have in common: of a signal, only `abort` can be listened to. */
type Listening = (type: string, listener: unknown, options?: unknown) => void

/**
 * An AbortController for a handler. It aborts in the testbed's time, or with a connection: so who listens to it may be waiting for that,
 * and is not waited for in real time.
 */
export function watchedAborter(work: Work): AbortController {
  const controller = new AbortController()
  const { signal } = controller
  const add = signal.addEventListener.bind(signal) as Listening
  const remove = signal.removeEventListener.bind(signal) as Listening
  const waiting = new Map<unknown, () => void>()
  const forget = (listener: unknown): void => {
    waiting.get(listener)?.()
    waiting.delete(listener)
  }
  const addEventListener: Listening = (type, listener, options) => {
    forget(listener)
    const over = work.scheduled()
    if (over !== undefined) waiting.set(listener, over)
    add(type, listener, options)
  }
  const removeEventListener: Listening = (type, listener, options) => {
    forget(listener)
    remove(type, listener, options)
  }
  add('abort', () => {
    for (const listener of [...waiting.keys()]) forget(listener)
  })
  Object.assign(signal, { addEventListener, removeEventListener })
  return controller
}
