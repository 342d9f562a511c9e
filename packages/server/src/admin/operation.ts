import { MillraceError } from '@millrace/protocol'
import type { z } from 'zod'
import { type Hub, isCovered } from '../hub/index.js'
import type { ApiKey, Scope } from './api-keys.js'

/** For whom something is done. */
export interface OperationContext {
  readonly hub: Hub
  readonly key: ApiKey
  /** The request's `Idempotency-Key`: who repeats the request means the same one. */
  readonly once: string | undefined
  schedule(delay: number, run: () => void): () => void
}

/** Something that backends may ask of the server: the one place from which its request is checked, carried out, and described. */
export interface Operation {
  /** Its name, as generators of clients want it. */
  readonly id: string
  readonly method: 'GET' | 'POST'
  /** Below the API's path; `{channel}` is a part of the input. */
  readonly path: string
  readonly scope: Scope
  readonly summary: string
  /** What repeating does, and whatever else is to be known. */
  readonly description?: string
  readonly input: z.ZodObject
  readonly output: z.ZodType
  run(input: never, context: OperationContext): Promise<unknown>
}

/** Ties what runs to what was checked. */
export const operation = <I extends z.ZodObject, O extends z.ZodType>(
  one: Omit<Operation, 'input' | 'output' | 'run'> & {
    readonly input: I
    readonly output: O
    run(input: z.output<I>, context: OperationContext): Promise<z.input<O>>
  },
): Operation => one

/** Throws `forbidden` for a channel that the key may not use. */
export function checkChannel({ id, channels }: ApiKey, channel: string): void {
  if (channels === undefined || channels.some((name) => isCovered(name, channel))) return
  throw new MillraceError('forbidden', {
    message: `The key '${id}' may not use '${channel}': its channels are ${channels.join(', ')}`,
    field: 'channel',
  })
}

/** Throws `forbidden` where the key is for some channels only, and what is asked is about none. */
export function checkUnlimited({ id, channels }: ApiKey): void {
  if (channels === undefined) return
  throw new MillraceError('forbidden', { message: `The key '${id}' is for its channels only` })
}
