import type { MillraceError } from '@millrace/protocol'
import { tellable } from './failures.js'
import type { MaybePromise } from './ports.js'

export interface Settling<T> {
  run(): MaybePromise<T>
  done(value: T): void
  failed(error: MillraceError): void
  /** Is told of faults of ours. */
  readonly fault: (error: unknown) => void
}

/** Does something at once, if that is possible: undefined when it is done already, a promise that never rejects when it goes on. */
export function settle<T>(parts: Settling<T>): Promise<void> | undefined {
  const failed = (error: unknown): void => parts.failed(tellable(error, parts.fault))
  try {
    const result = parts.run()
    if (result instanceof Promise) return result.then(parts.done).catch(failed)
    parts.done(result)
  } catch (error) {
    failed(error)
  }
  return undefined
}
