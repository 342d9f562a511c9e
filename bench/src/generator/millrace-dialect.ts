/** Millrace's JSON dialect (docs/protocol.md) as the load generator speaks it. */
import { type Dialect, MEANING, type Role } from './dialect.js'

/** The channel everybody subscribes to. */
export const MILLRACE_CHANNEL = 'bench:fan-out'

/** The command whose reply makes a connection usable has id 2, whatever it is; what is said before it has id 1. */
const CONNECT = '"connect":{"version":1}'
const CONNECT_AND_SUBSCRIBE = `[{"id":1,${CONNECT}},{"id":2,"subscribe":{"channel":"${MILLRACE_CHANNEL}"}}]`

const A = 0x61
const C = 0x63
const I = 0x69
const P = 0x70
const S = 0x73
const U = 0x75
const BRACE = 0x7b
const ONE = 0x31
const TWO = 0x32
const THREE = 0x33

export const millrace: Dialect = {
  path: () => '/millrace',
  subprotocol: 'millrace.json',
  peek: 10,
  inspect,
  readyAtOnce: false,
  hello: (role: Role) => (role === 'subscriber' ? CONNECT_AND_SUBSCRIBE : `{"id":2,${CONNECT}}`),
  pong: '{"pong":{}}',
  sequenced: true,
  publish: (payload, sequence) =>
    `{"id":3,"publish":{"channel":"${MILLRACE_CHANNEL}","id":"p${sequence}","data":"${payload}"}}`,
  echo: (payload) => `{"id":4,"call":{"method":"echo","data":"${payload}"}}`,
}

/**
 * Messages are told apart by ten bytes, in the order in which the server writes them: `{"publication"`, `{"ping"`,
 * `{"id":2,"subscribed"`. Whatever else comes, an error above all, voids the run.
 */
function inspect(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 10 || bytes[start] !== BRACE) return MEANING.refusal
  if (bytes[start + 2] === P) return bytes[start + 3] === U ? MEANING.delivery : MEANING.heartbeat
  // A subscription the server made by itself: an idle channel's.
  if (bytes[start + 2] === S) return MEANING.other
  if (bytes[start + 2] !== I) return MEANING.refusal
  const kind = bytes[start + 9]
  switch (bytes[start + 6]) {
    case ONE:
      return kind === C ? MEANING.other : MEANING.refusal
    case TWO:
      return kind === C || kind === S ? MEANING.ready : MEANING.refusal
    case THREE:
      return kind === P ? MEANING.other : MEANING.refusal
    default:
      return kind === A ? MEANING.delivery : MEANING.refusal
  }
}
