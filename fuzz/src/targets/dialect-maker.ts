import type { Command, CommandBodies, Message, Payload } from '@millrace/protocol'
import type { Random } from '../random.js'

const CHANNELS = [
  'chat:lobby',
  'quotes:ABC',
  'game:1:team:2',
  'a:b',
  'x',
  '',
  'chat:',
  'CHAT:x',
  'chat:é',
  `chat:${'x'.repeat(300)}`,
]
const NAMES = ['s-1', 'é', '', 'x'.repeat(255), '\u0000', '😀', '\ufeffbom']
const NUMBERS = [0, 1, 127, 128, 16_384, 4_294_967_296, Number.MAX_SAFE_INTEGER]
const VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1.5,
  'text',
  '',
  [],
  {},
  { a: [1, { b: null }] },
  [[[[]]]],
  '\u2028',
  { __proto__: null, x: 1 },
]

export function somePayload(random: Random): Payload {
  const codec = random.pick(['json', 'json', 'msgpack', 'protobuf', 'raw'] as const)
  return codec === 'json'
    ? { codec, value: random.pick(VALUES) }
    : { codec, bytes: random.bytes(random.size(40)) }
}

/** A legal command, or one whose texts break rules that are not the dialect's. */
export function someCommand(random: Random): Command {
  const channel = random.pick(CHANNELS)
  const data = somePayload(random)
  const number = () => random.pick(NUMBERS)
  const name = () => random.pick(NAMES)
  const since = random.chance(0.4) ? { since: { epoch: name(), offset: number() } } : {}
  const bodies: CommandBodies = {
    connect: {
      version: 1,
      token: name(),
      ...(random.chance(0.5) ? { session: name(), client: name() } : {}),
    },
    subscribe: {
      channel,
      ...since,
      ...(random.chance(0.3) ? { presence: true, data } : { history: number() }),
    },
    unsubscribe: { channel },
    publish: {
      channel,
      data,
      ...(random.chance(0.5) ? { id: name(), excludeSelf: random.chance(0.5) } : {}),
    },
    ephemeral: { channel, data },
    history: { channel, ...since, limit: number() },
    presence: { channel, count: random.chance(0.5) },
    enter: { channel, data },
    leave: { channel },
    call: {
      method: name(),
      data,
      timeout: number(),
      ...(random.chance(0.4) ? { to: { user: name() } } : {}),
    },
    answer: random.chance(0.5)
      ? { call: name(), data }
      : { call: name(), error: { code: number(), message: name() } },
    ping: {},
    pong: {},
    refresh: { token: name() },
  }
  const kind = random.pick(Object.keys(bodies) as (keyof CommandBodies)[])
  return { id: random.chance(0.2) ? 0 : number(), kind, body: bodies[kind] } as Command
}

/** A legal message of the server. */
export function someMessage(random: Random): Message {
  const number = () => random.pick(NUMBERS)
  const name = () => random.pick(NAMES)
  const data = somePayload(random)
  const position = { epoch: name(), offset: number() }
  const publication = {
    offset: number(),
    time: number(),
    data,
    ...(random.chance(0.3) ? { prev: number(), id: name(), from: { session: name() } } : {}),
  }
  const channel = random.pick(CHANNELS)
  const messages: Message[] = [
    { id: number(), kind: 'error', body: { code: number(), message: name(), field: name() } },
    {
      id: number(),
      kind: 'subscribed',
      body: {
        channel,
        position,
        publications: random.chance(0.5) ? [publication, publication] : [],
        recovered: random.chance(0.5),
      },
    },
    { id: number(), kind: 'history', body: { channel, position, publications: [publication] } },
    { id: number(), kind: 'presence', body: { channel, count: number(), silent: [name(), name()] } },
    { id: 0, kind: 'publication', body: { channel, ...publication } },
    { id: 0, kind: 'gap', body: { channel, to: position, reason: 'history-trimmed' } },
    { id: number(), kind: 'answered', body: { data } },
    { id: 0, kind: 'call', body: { call: name(), method: name(), timeout: number(), data } },
    { id: number(), kind: 'pong', body: {} },
    { id: number(), kind: 'refreshed', body: { expires: number() } },
    { id: 0, kind: 'disconnect', body: { code: number(), reason: name() } },
  ]
  return random.pick(messages)
}
