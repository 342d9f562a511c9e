/** A WebSocket of the load generator, whose messages are read in full. */
import { type Dialect, MEANING } from '../../generator/dialect.js'
import { textFrame } from '../../generator/frames.js'
import { Link } from '../../generator/link.js'
import type { Open } from './connection.js'

/** No message here is as long. */
const LONGEST = 2048

export interface Endpoint {
  readonly path: string
  readonly subprotocol?: string
}

export const openWebSocket =
  ({ path, ...rest }: Endpoint): Open =>
  (port, events) => {
    const dialect: Dialect = {
      ...rest,
      path: () => path,
      peek: LONGEST,
      readyAtOnce: true,
      sequenced: false,
      inspect(bytes, start, end) {
        if (end - start === LONGEST) throw new Error('A message is too long for this generator')
        events.frame(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'))
        return MEANING.other
      },
      publish: (payload) => payload,
      echo: (payload) => payload,
    }
    const listener = {
      ready: () => events.opened(),
      delivery() {},
      turn() {},
      failed: (_: Link, error: Error) => events.lost(error),
    }
    const link = new Link({ port, dialect }, { index: 0, role: 'subscriber' }, listener)
    return { say: (frame) => link.write(textFrame(frame)) }
  }
