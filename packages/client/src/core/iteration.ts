import { type Gap, MillraceError } from '@millrace/protocol'
import type { Handle } from './channel.js'
import { count } from './options.js'
import { aborted, onAbort } from './pending.js'
import type { Iterated, Signal } from './types.js'

/** A channel's publications from now on; IterateOptions says what becomes of a slow reader. */
export function iterate(
  handle: Handle,
  buffer: number,
  signal: Signal | undefined,
): AsyncIterableIterator<Iterated> {
  const limit = count(buffer, 'buffer')
  let waiting: Iterated[] = []
  let gap: Gap | undefined
  let over: { readonly error: MillraceError | undefined } | undefined
  let wake = () => {}

  const finish = (error?: MillraceError) => {
    if (over !== undefined) return
    over = { error }
    for (const off of offs) off()
    wake()
  }
  const offs = [
    handle.on('message', (message, delivery) => {
      if (waiting.length < limit) waiting.push({ message, ...delivery, gap })
      else finish(new MillraceError('slow-consumer', { message: `buffer: ${limit} wait already` }))
      gap = undefined
      wake()
    }),
    handle.on('gap', (next) => {
      gap = { ...next, from: gap?.from ?? next.from }
    }),
    handle.on('end', finish),
  ]
  offs.push(
    onAbort(signal, () => {
      waiting = []
      finish(aborted(signal))
    }),
  )

  async function* read(): AsyncGenerator<Iterated, undefined> {
    for (;;) {
      const next = waiting.shift()
      if (next !== undefined) yield next
      else if (over?.error !== undefined) throw over.error
      else if (over !== undefined) return
      else
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    }
  }
  const reader = read()
  // A generator's own would wait for the next publication first.
  reader.return = async () => {
    waiting = []
    finish()
    return { done: true, value: undefined }
  }
  return reader
}
