import { type Gap, MillraceError } from '@millrace/protocol'
import type { Handle } from './channel.js'
import { count } from './options.js'
import { aborted } from './pending.js'
import type { Iterated, IterateOptions } from './types.js'

interface Reader {
  readonly resolve: (result: IteratorResult<Iterated>) => void
  readonly reject: (error: unknown) => void
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined }

/** Iterates over a channel's publications from now on; types.ts says what becomes of a slow reader. */
export function iterate(
  handle: Handle,
  { buffer, signal }: IterateOptions,
  fallback: number,
): AsyncIterableIterator<Iterated> {
  const limit = count(buffer ?? fallback, 'buffer')
  const waiting: Iterated[] = []
  const readers: Reader[] = []
  let gap: Gap | undefined
  let over: { readonly error: MillraceError | undefined } | undefined

  const finish = (error?: MillraceError) => {
    if (over !== undefined) return
    over = { error }
    for (const off of offs) off()
    signal?.removeEventListener('abort', abort)
    for (const reader of readers.splice(0)) answer(reader)
  }
  const abort = () => {
    waiting.length = 0
    finish(aborted(signal?.reason))
  }
  const answer = ({ resolve, reject }: Reader) => {
    const value = waiting.shift()
    if (value !== undefined) resolve({ done: false, value })
    else if (over?.error !== undefined) {
      reject(over.error)
      // An error ends an iteration; whoever asks on hears only that it is over.
      over = { error: undefined }
    } else resolve(DONE)
  }
  const offs = [
    handle.on('message', (message, delivery) => {
      if (waiting.length >= limit)
        return finish(
          new MillraceError('slow-consumer', { message: `${limit} publications wait to be read (buffer)` }),
        )
      waiting.push({ message, ...delivery, gap })
      gap = undefined
      const reader = readers.shift()
      if (reader !== undefined) answer(reader)
    }),
    handle.on('gap', (next) => {
      gap = gap === undefined ? next : { ...next, from: gap.from }
    }),
    handle.on('end', finish),
  ]
  if (signal?.aborted) abort()
  else signal?.addEventListener('abort', abort)

  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (over === undefined && waiting.length === 0) readers.push({ resolve, reject })
        else answer({ resolve, reject })
      }),
    return: () => {
      waiting.length = 0
      finish()
      return Promise.resolve(DONE)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
