/** The dialects of all peers. */
import { type Dialect, MEANING } from './dialect.js'
import { millrace } from './millrace-dialect.js'

const code = (text: string, at: number): number => text.charCodeAt(at)

/** Bare WebSocket: the path is the role, a message is a payload. */
const raw: Dialect = {
  path: (role) => `/${role}`,
  peek: 0,
  inspect: () => MEANING.delivery,
  readyAtOnce: true,
  sequenced: false,
  publish: (payload) => payload,
  echo: (payload) => payload,
}

/**
 * Socket.IO 4 over Engine.IO 4, websocket transport only: `0{…}` opens, `40` connects the namespace, `2`/`3` are ping and
 * pong, `42[…]` is an event.
 */
const socketIo: Dialect = {
  path: () => '/socket.io/?EIO=4&transport=websocket',
  peek: 2,
  inspect: (bytes, start) => {
    switch (bytes[start]) {
      case code('0', 0):
        return MEANING.greeting
      case code('2', 0):
        return MEANING.heartbeat
      case code('4', 0):
        if (bytes[start + 1] === code('2', 0)) return MEANING.delivery
        return bytes[start + 1] === code('0', 0) ? MEANING.ready : MEANING.refusal
      default:
        return MEANING.refusal
    }
  },
  readyAtOnce: false,
  greeting: (role) => `40${JSON.stringify({ role })}`,
  pong: '3',
  sequenced: false,
  publish: (payload) => `42${JSON.stringify(['publish', payload])}`,
  echo: (payload) => `42${JSON.stringify(['echo', payload])}`,
}

export const DIALECTS = { raw, 'socket.io': socketIo, millrace } as const satisfies Record<string, Dialect>
export type DialectName = keyof typeof DIALECTS

export const dialectNamed = (name: DialectName): Dialect => DIALECTS[name]

/** A payload of `size` bytes that needs no escaping in any dialect. */
export const payloadOf = (size: number): string => 'millrace '.repeat(Math.ceil(size / 9)).slice(0, size)
