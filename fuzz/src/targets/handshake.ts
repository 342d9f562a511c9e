import { createHash } from 'node:crypto'
import {
  type ClientHandshake,
  formatExtension,
  type HandshakeOptions,
  makeOffer,
  negotiate,
  verifyConnect,
  verifyUpgrade,
} from '@millrace/server/engine'
import { Random, seedOf } from '../random.js'
import { hold, type Target } from '../target.js'
import { someOptions } from './extensions.js'
import { EXTENSIONS, KEYS, PROTOCOLS, readHead, someOf, writeHead } from './handshake-maker.js'

const sha1Base64 = (text: string) => createHash('sha1').update(text).digest('base64')
const VISIBLE = /^[\t\x20-\x7e]*$/
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** The server's half: a request becomes an answer (RFC 6455 §4.2, RFC 8441 §5). */
export const negotiateTarget: Target = {
  name: 'handshake-server',
  about: 'an opening request, judged by a server',
  make: (random) => {
    const h2 = random.chance(0.3)
    const first = h2
      ? random.pick(['CONNECT 2.0 /', 'CONNECT 2 /', 'GET 2.0 /'])
      : random.pick(['GET 1.1 /', 'GET 1.1 /?x', 'POST 1.1 /', 'GET 1.0 /'])
    return writeHead(first, someOf(random, h2 ? H2_FIELDS : H1_FIELDS))
  },
  run: (input) => {
    const { first, headers } = readHead(input)
    const [method = '', httpVersion = '', url = ''] = first
    const random = new Random(seedOf(input))
    const options: HandshakeOptions = {
      sha1Base64,
      allowOrigin: () => random.chance(0.8),
      selectProtocol: (offered) => {
        for (const name of offered)
          hold(TOKEN.test(name), `${JSON.stringify(name)} was offered as a subprotocol`)
        return offered.find((name) => name === 'chat.v1') ?? null
      },
      deflate: random.chance(0.7) ? someOptions(random) : null,
    }
    const answer = negotiate({ method, httpVersion, url, headers }, options)
    for (const [name, value] of Object.entries(answer.headers)) {
      hold(
        TOKEN.test(name) && VISIBLE.test(value),
        `the answer has the field ${JSON.stringify([name, value])}`,
      )
    }
    if (!answer.ok) {
      hold(answer.status >= 400 && answer.status < 500, `refused with ${answer.status}`)
      hold(!/[\r\n\0]/.test(answer.reason) && answer.reason.length < 300, 'a reason that cannot be shown')
      return `refused ${answer.status} ${answer.reason.slice(0, 40)}`
    }
    checkWelcome({ method, httpVersion, headers }, answer)
    return `accepted ${answer.status} ${answer.protocol} ${JSON.stringify(answer.deflate)}`
  },
}

type Fields = readonly (readonly [string, readonly string[]])[]

const SHARED: Fields = [
  ['Sec-WebSocket-Version', ['13', '8', '13, 8', '', '013']],
  ['Sec-WebSocket-Protocol', PROTOCOLS],
  ['Sec-WebSocket-Extensions', EXTENSIONS],
  ['Origin', ['http://localhost', 'null', '', 'https://\u0001', 'http://a\u007f.example']],
]
const H1_FIELDS: Fields = [
  ['Host', ['localhost', '', 'a:1']],
  ['Upgrade', ['websocket', 'WebSocket', 'h2c', 'foo, websocket', '']],
  ['Connection', ['Upgrade', 'keep-alive, Upgrade', 'close', '']],
  ['Sec-WebSocket-Key', KEYS],
  ...SHARED,
  ['Content-Length', ['0', '5', '']],
]
const H2_FIELDS: Fields = [
  [':protocol', ['websocket', 'webtransport', '']],
  [':scheme', ['https', '']],
  [':path', ['/', '']],
  [':authority', ['localhost', '']],
  ...SHARED,
]

interface Request {
  readonly method: string
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** Whatever is let in must have asked rightly, in the plainest reading of RFC 6455 §4.2.1. */
function checkWelcome(
  { method, httpVersion, headers }: Request,
  answer: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): void {
  const field = (name: string) => [headers[name] ?? ''].flat().join(', ')
  hold(field('sec-websocket-version') === '13', 'another version was accepted')
  if (answer.status === 200) {
    hold(
      method === 'CONNECT' && httpVersion.startsWith('2') && field(':protocol') === 'websocket',
      'a request that is no extended CONNECT',
    )
    return
  }
  hold(
    answer.status === 101 && method === 'GET' && httpVersion === '1.1',
    `${answer.status} to ${method} ${httpVersion}`,
  )
  const list = (name: string) =>
    field(name)
      .toLowerCase()
      .split(',')
      .map((token) => token.trim())
  hold(
    list('upgrade').includes('websocket') && list('connection').includes('upgrade'),
    'a request that asks for no upgrade',
  )
  const key = field('sec-websocket-key')
  hold(Buffer.from(key, 'base64').byteLength === 16 && key.length === 24, `the key ${key}`)
  hold(
    answer.headers['sec-websocket-accept'] === sha1Base64(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`),
    'a wrong accept value',
  )
}

const ASKED_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='

/** The client's half: an answer opens the connection or does not (RFC 6455 §4.1). */
export const verifyTarget: Target = {
  name: 'handshake-client',
  about: 'an answer to an opening request, judged by a client',
  make: (random) => {
    const fields: Fields = [
      ['Upgrade', ['websocket', 'WEBSOCKET', 'h2c', '']],
      ['Connection', ['Upgrade', 'upgrade, x', 'close']],
      ['Sec-WebSocket-Accept', [ACCEPT, ACCEPT.toLowerCase(), '', `${ACCEPT}x`]],
      ['Sec-WebSocket-Protocol', PROTOCOLS],
      [
        'Sec-WebSocket-Extensions',
        [
          'permessage-deflate',
          ...EXTENSIONS,
          'permessage-deflate; server_no_context_takeover',
          formatExtension(makeOffer(someOptions(random))),
        ],
      ],
    ]
    return writeHead(
      random.pick(['101 1.1', '101 1.1', '101 1.0', '200 2.0', '400 1.1', '204 2']),
      someOf(random, fields),
    )
  },
  run: (input) => {
    const { first, headers } = readHead(input)
    const [code, httpVersion = ''] = first
    const status = Number(code) || 0
    const random = new Random(seedOf(input))
    const asked: ClientHandshake = {
      protocols: random.chance(0.6) ? ['chat.v1', 'chat.v2'] : [],
      deflate: random.chance(0.7) ? someOptions(random) : null,
    }
    const h1 = verifyUpgrade({ status, httpVersion, headers }, { ...asked, key: ASKED_KEY, sha1Base64 })
    const h2 = verifyConnect({ status, httpVersion, headers }, asked)
    for (const verdict of [h1, h2]) {
      if (!verdict.ok) hold(verdict.reason !== '', 'a refusal without a reason')
      else {
        hold(
          verdict.protocol === '' || asked.protocols.includes(verdict.protocol),
          `the subprotocol ${verdict.protocol}`,
        )
        hold(verdict.deflate === null || asked.deflate !== null, 'compression that was not offered')
      }
    }
    if (h1.ok) {
      const field = (name: string) => [headers[name] ?? ''].flat().join(', ').trim()
      hold(
        status === 101 &&
          field('sec-websocket-accept') === ACCEPT &&
          field('upgrade').toLowerCase() === 'websocket',
        'a wrong answer was accepted',
      )
    }
    return [h1, h2]
      .map((verdict) =>
        verdict.ok
          ? `open ${verdict.protocol} ${JSON.stringify(verdict.deflate)}`
          : verdict.reason.slice(0, 50),
      )
      .join(' | ')
  },
}
