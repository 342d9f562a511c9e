// budget(file): one table, a row for each limit; it reads best in one piece
/** The attacks: for each limit that bytes or connections can exhaust, one who stays just within it, and one who goes on until it is ended. */

/** As docs/limits.md has its tables. */
export const GROUPS = {
  connection: 'One connection',
  http: 'HTTP',
  address: 'One address',
  crowd: 'One that many hear',
} as const
export type Group = keyof typeof GROUPS

/** All that may come at once; what may come for ever, after that; all that comes until it is ended. */
export type Pace = 'at once' | 'on and on' | 'until ended'

export interface Case {
  /** `--case` takes all of a name. */
  readonly name: string
  readonly group: Group
  /** What it uses up, in the words of docs/limits.md. */
  readonly limit: string
  readonly does: string
  readonly pace: Pace
  /** A function of test/attacks/attackers. */
  readonly attacker: string
  /** `seconds` are those of the pace; `address` is another one each time. */
  options(how: { readonly seconds: number; readonly address: string }): object
  /** Options of the server of test/attacks, where it is not as it comes. */
  readonly server?: object
  /** How connections may end. */
  readonly ends: readonly string[]
  /** Whether some of what is asked may be refused as too fast. */
  readonly mayBeRefused?: boolean
  /** Seconds that it takes by itself; it is measured once. */
  readonly lasts?: number
}

/** A command of which `$n` will be the number. */
const command = (body: object): string => JSON.stringify({ id: 0, ...body }).replace('"id":0', '"id":1$n')
const publishOf = (data: unknown, channel = 'chat:attacked'): string =>
  command({ publish: { channel, data } })

/** Just within the defaults: a burst, and 95 of a hundred a second. */
const RATE = 0.95
const MESSAGES = { burst: 980, perSecond: 200 * RATE } as const
const REQUESTS = { burst: 1980, perSecond: 100 * RATE } as const
const PINGS = { burst: 490, perSecond: 50 * RATE } as const
/** With what is around it, 64 KiB. */
const LARGEST = 65_400
const BYTES = { burst: 127, perSecond: 16 * RATE } as const
const PAGES = { burst: 116, perSecond: (100 / 17) * RATE } as const
/** What uses up requests, and brings nothing. */
const NOTHING = '{"id":1$n,"nothing":{}}'
const RESUBSCRIBE = [
  command({ subscribe: { channel: 'chat:busy', history: 256 } }),
  command({ unsubscribe: { channel: 'chat:busy' } }),
]
/** Bytes of a publication, where its size is not the point. */
const SMALL = 'x'.repeat(100)

const FULL_CHANNEL = { fill: { channel: 'chat:busy', count: 256, size: 1000 } } as const
/** Clients by address, who could else not be told from those of the same machine, which are not counted. */
const BY_ADDRESS = { trustedProxies: ['127.0.0.0/8'] } as const
const COMPRESSED = { compression: { threshold: 1024 } } as const

type Common = Omit<Case, 'does' | 'pace' | 'attacker' | 'options' | 'ends'>
interface Both {
  readonly rate: { readonly burst: number; readonly perSecond: number }
  /** `[what it does at once, and what it does then]`. */
  readonly does: string
  readonly more: object
}

/** The same at once and on and on. */
function both(common: Common, { rate, does, more }: Both): Case[] {
  const one = { ...common, does, attacker: 'commands', ends: ['stays'] }
  return [
    { ...one, pace: 'at once', options: () => ({ ...more, burst: rate.burst }) },
    {
      ...one,
      mayBeRefused: false,
      pace: 'on and on',
      options: ({ seconds }) => ({ ...more, drain: rate.burst, perSecond: rate.perSecond, seconds }),
    },
  ]
}

/** A flood of one connection. */
const flood = (
  common: Common,
  { attacker, does, ends = ['4006'] }: Pick<Case, 'attacker' | 'does'> & { ends?: string[] },
): Case => ({
  ...{ ...common, attacker, does, ends, pace: 'until ended' },
  options: () => ({ seconds: 20, wires: 1, times: 1 }),
})

const nested = (depth: number): string => {
  const one = `${'['.repeat(depth)}${']'.repeat(depth)}`
  return `[${Array(Math.floor(LARGEST / (one.length + 1)))
    .fill(one)
    .join()}]`
}
const asText = (json: string): string => `{"id":1$n,"publish":{"channel":"chat:attacked","data":${json}}}`

const size: Common = { name: 'size', group: 'connection', limit: 'size of a message' }
const bytes: Common = { name: 'bytes', group: 'connection', limit: 'bytes' }
const json: Common = { name: 'json', group: 'connection', limit: 'depth of JSON' }
const compression: Common = {
  ...{ name: 'compression', group: 'connection', limit: 'what a compressed message grows to' },
  server: COMPRESSED,
}
const messages: Common = { name: 'messages', group: 'connection', limit: 'publications' }
const requests: Common = { name: 'requests', group: 'connection', limit: 'other commands' }
const past: Common = { name: 'past', group: 'connection', limit: 'reading the past', server: FULL_CHANNEL }
const pings: Common = { name: 'pings', group: 'connection', limit: 'pings' }
const refusals: Common = { name: 'refusals', group: 'connection', limit: 'being refused' }

const ofConnection: readonly Case[] = [
  {
    ...size,
    does: 'messages of 64 MB, in one frame and in frames without end',
    ...{ attacker: 'largeMessages', pace: 'until ended', ends: ['1008', '1009'] },
    options: () => ({ megabytes: 64, seconds: 20, times: 1 }),
  },
  ...both(bytes, {
    rate: BYTES,
    does: 'publications of 64 KiB',
    more: { repeats: [publishOf('x'.repeat(LARGEST))] },
  }),
  flood(bytes, { attacker: 'bytes', does: 'publications of 64 KiB, whatever is answered' }),
  {
    ...compression,
    ...{
      does: 'messages of 110 bytes that grow to 64 KiB',
      pace: 'at once',
      attacker: 'commands',
      ends: ['stays'],
    },
    // More than 4 MiB in one chunk are not inflated.
    options: () => ({ deflates: true, repeats: [publishOf('a'.repeat(LARGEST))], burst: 60 }),
  },
  {
    ...compression,
    ...{
      does: 'messages of 110 bytes that grow to 64 KiB',
      pace: 'on and on',
      attacker: 'commands',
      ends: ['stays'],
    },
    options: ({ seconds }) => ({
      ...{ deflates: true, repeats: [publishOf('a'.repeat(LARGEST))], perSecond: BYTES.perSecond, seconds },
    }),
  },
  {
    ...compression,
    ...{ does: 'messages that grow to more', pace: 'until ended', attacker: 'bombs', ends: ['1009'] },
    options: () => ({ seconds: 30, wires: 1, times: 1 }),
  },
  ...both(json, {
    rate: BYTES,
    does: 'publications of 64 KiB of arrays, 100 within each other',
    more: { repeats: [asText(nested(100))] },
  }),
  ...both(json, {
    rate: BYTES,
    does: 'publications of 64 KiB of empty arrays',
    more: { repeats: [asText(nested(1))] },
  }),
  ...both(messages, {
    rate: MESSAGES,
    does: 'publications of a byte, heard by the publisher alone',
    more: {
      first: ['{"id":2,"subscribe":{"channel":"chat:attacked"}}'],
      repeats: [publishOf(1)],
    },
  }),
  ...both(requests, { rate: REQUESTS, does: 'commands that there are not', more: { repeats: [NOTHING] } }),
  {
    ...{ ...requests, limit: 'subscriptions', pace: 'at once', attacker: 'commands', ends: ['stays'] },
    does: '1,000 subscriptions to channels of its own',
    options: () => ({ repeats: [command({ subscribe: { channel: 'chat:own$n' } })], burst: 1000 }),
  },
  {
    ...{ ...requests, limit: 'commands under way', pace: 'at once', attacker: 'commands', ends: ['stays'] },
    does: '250 calls of 32 KB that take two seconds',
    options: () => ({
      repeats: [command({ call: { method: 'wait', data: { ms: 2000, more: 'x'.repeat(32_000) } } })],
      burst: 250,
    }),
  },
  ...both(past, {
    rate: PAGES,
    does: 'pages of 256 publications of 1 KB',
    more: { parts: true, repeats: [command({ history: { channel: 'chat:busy', limit: 256 } })] },
  }),
  {
    ...{ ...past, attacker: 'commands', pace: 'at once', ends: ['stays', '4006'], mayBeRefused: true },
    does: 'subscribing with as many, and unsubscribing',
    options: () => ({
      parts: true,
      repeats: RESUBSCRIBE,
      // More would be under way than may be.
      burst: REQUESTS.burst / 2,
    }),
  },
  {
    ...{ ...past, attacker: 'commands', pace: 'on and on', ends: ['stays'], mayBeRefused: true },
    does: 'subscribing with as many, and unsubscribing',
    options: ({ seconds }) => ({
      parts: true,
      repeats: RESUBSCRIBE,
      ...{ drainBy: NOTHING, drain: REQUESTS.burst, perSecond: 2 * PAGES.perSecond, seconds },
    }),
  },
  ...both(pings, { rate: PINGS, does: 'WebSocket pings of 125 bytes', more: { frames: 'pings' } }),
  flood(pings, { attacker: 'pings', does: 'WebSocket pings of 125 bytes' }),
  flood(refusals, { attacker: 'unheeding', does: 'publications, though nearly all are refused' }),
  flood(
    { ...refusals, limit: 'commands before connect' },
    { attacker: 'earlyBatches', does: 'frames of 4,000 commands' },
  ),
  {
    ...{ name: 'outbox', group: 'connection', limit: 'what waits for a slow reader', server: FULL_CHANNEL },
    ...{ does: '100 clients that ask for 20 pages of 256 KB and read nothing', attacker: 'neverReading' },
    ...{ pace: 'until ended', ends: [], lasts: 17 },
    options: () => ({ count: 100, seconds: 17, channel: 'chat:busy' }),
  },
]

const POST = 'POST /millrace/poll HTTP/1.1\r\nhost: x\r\ncontent-length: 262144\r\n\r\n'
const read = (address: string): string =>
  `GET /millrace/channels/chat:busy/publications?limit=256 HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${address}\r\n\r\n`

const ofHttp: readonly Case[] = [
  {
    ...{
      name: 'heads',
      group: 'http',
      limit: 'time for a head',
      does: '1,000 heads of 15 KB that do not end',
    },
    ...{ attacker: 'unfinished', pace: 'until ended', ends: ['408'], lasts: 14 },
    options: () => ({
      ...{ count: 1000, seconds: 16, head: 'GET /millrace HTTP/1.1\r\nhost: x\r\nx: ', body: 15_000 },
    }),
  },
  {
    ...{
      name: 'bodies',
      group: 'http',
      limit: 'size of a body',
      does: '100 bodies that lack a byte of 256 KiB',
    },
    ...{ attacker: 'unfinished', pace: 'until ended', ends: ['408'], lasts: 34 },
    options: () => ({ count: 100, seconds: 36, head: POST, body: 262_143 }),
  },
]

const reads = { burst: 980, perSecond: 100 * RATE } as const
const ofAddress: readonly Case[] = [
  {
    ...{ name: 'connections', group: 'address', limit: 'connections of an address', server: BY_ADDRESS },
    ...{ does: '990 that say nothing', attacker: 'present', pace: 'until ended', ends: ['4003'], lasts: 12 },
    options: ({ address }) => ({ count: 990, seconds: 16, headers: { 'x-forwarded-for': address } }),
  },
  {
    ...{ name: 'connections', group: 'address', limit: 'connections of an address', server: BY_ADDRESS },
    ...{ does: '990 that have said connect', attacker: 'present', pace: 'at once', ends: ['stays'] },
    options: ({ address }) => ({
      ...{ count: 990, seconds: 0, headers: { 'x-forwarded-for': address } },
      says: ['{"id":1,"connect":{"version":1}}'],
    }),
  },
  {
    ...{ name: 'handshakes', group: 'address', limit: 'new connections of an address', server: BY_ADDRESS },
    ...{ does: 'coming, connecting and going', attacker: 'flapping', pace: 'at once', ends: ['let in'] },
    options: ({ address }) => ({ seconds: 2.4, rate: 400, address }),
  },
  {
    ...{ name: 'handshakes', group: 'address', limit: 'new connections of an address', server: BY_ADDRESS },
    ...{ does: 'coming, connecting and going', attacker: 'flapping', pace: 'on and on', ends: ['let in'] },
    options: ({ address, seconds }) => ({ seconds, rate: 50 * RATE, address }),
  },
  {
    ...{ name: 'reads', group: 'address', limit: 'requests of readers of an address' },
    ...{ does: 'pages of 256 KB', attacker: 'asks', pace: 'at once', ends: ['200'] },
    server: { ...FULL_CHANNEL, ...BY_ADDRESS },
    options: ({ address }) => ({ request: read(address), burst: reads.burst }),
  },
  {
    ...{ name: 'reads', group: 'address', limit: 'requests of readers of an address' },
    ...{ does: 'pages of 256 KB', attacker: 'asks', pace: 'on and on', ends: ['200'] },
    server: { ...FULL_CHANNEL, ...BY_ADDRESS },
    options: ({ address, seconds }) => ({
      ...{ request: read(address), drain: reads.burst, perSecond: reads.perSecond, seconds },
    }),
  },
]

const listeners = (count: number): object => ({
  count,
  says: '{"id":2,"subscribe":{"channel":"chat:attacked"}}',
})
const members = {
  count: 1000,
  says: '{"id":2,"subscribe":{"channel":"crowd:attacked","data":"member $n of a thousand"}}',
} as const
const watchers = {
  count: 1000,
  says: '{"id":2,"subscribe":{"channel":"crowd:attacked","presence":true}}',
} as const
const fanOut = (readers: number): Common => ({
  ...{
    name: 'fan-out',
    group: 'crowd',
    limit: `publications, in a channel that ${readers.toLocaleString('en')} read`,
  },
})
const list: Common = {
  name: 'presence',
  group: 'crowd',
  limit: 'other commands, in a channel of 1,000 members',
}
const askWho = command({ presence: { channel: 'crowd:attacked' } })

const ofCrowd: readonly Case[] = [
  ...both(fanOut(100), {
    ...{ rate: MESSAGES, does: 'publications of 100 bytes' },
    more: { readers: listeners(100), repeats: [publishOf(SMALL)] },
  }),
  ...both(fanOut(1000), {
    ...{ rate: MESSAGES, does: 'publications of 100 bytes' },
    more: { readers: listeners(1000), repeats: [publishOf(SMALL)] },
  }),
  ...both(fanOut(100), {
    ...{ rate: { ...BYTES, burst: 15 }, does: 'publications of 64 KiB' },
    more: { readers: listeners(100), repeats: [publishOf('x'.repeat(LARGEST))] },
  }),
  {
    ...{ ...list, attacker: 'commands', pace: 'at once', ends: ['stays', '4006'], mayBeRefused: true },
    does: 'asking who is there',
    options: () => ({ readers: members, parts: true, repeats: [askWho], burst: REQUESTS.burst }),
  },
  {
    ...{ ...list, attacker: 'commands', pace: 'on and on', ends: ['stays'], mayBeRefused: true },
    does: 'asking who is there',
    options: ({ seconds }) => ({
      ...{ readers: members, parts: true, repeats: [askWho], perSecond: PAGES.perSecond, seconds },
      ...{ drain: REQUESTS.burst, drainBy: NOTHING },
    }),
  },
  ...both(
    { ...list, limit: 'other commands, in a channel of which 1,000 watch who is there' },
    {
      ...{ rate: REQUESTS, does: 'changing what it says of itself' },
      more: {
        readers: watchers,
        first: ['{"id":2,"subscribe":{"channel":"crowd:attacked"}}'],
        repeats: [command({ enter: { channel: 'crowd:attacked', data: 'change $n' } })],
      },
    },
  ),
]

export const CASES: readonly Case[] = [...ofConnection, ...ofHttp, ...ofAddress, ...ofCrowd]
export const CASE_NAMES: readonly string[] = [...new Set(CASES.map(({ name }) => name))]
