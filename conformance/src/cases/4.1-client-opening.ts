import { require } from '../runner/mismatch.js'
import { parseExtensions, readDeflateParams } from '../wire/deflate-params.js'
import { type HttpHead, headerList, headerValues } from '../wire/http1.js'
import { getPong, getText, ping, send, Topic, text } from './build.js'
import { failsToOpen, opens } from './opening.js'

type Judge = (head: HttpHead) => void

const HTTP1 = { role: 'client', transports: ['tcp', 'tls'] } as const
const request = new Topic('4.1-request', 'RFC 6455 §4.1', { on: HTTP1 })

function asks(title: string, judge: Judge, more: Partial<Parameters<Topic['add']>[0]> = {}): void {
  const run = async (probe: { request?: HttpHead }): Promise<void> => {
    if (probe.request !== undefined) judge(probe.request)
  }
  request.add({ title, steps: [{ run }], ...more })
}

function one(head: HttpHead, name: string, fits: (value: string) => boolean): void {
  const values = headerValues(head, name)
  require(values.length === 1 &&
    fits(values[0] ?? ''), `one right ${name}`, `${name}: ${values.join(' | ') || '(absent)'}`)
}

function none(head: HttpHead, name: string): void {
  require(headerValues(head, name).length === 0, `no ${name}`, headerValues(head, name).join(' | '))
}

asks('the request is GET and HTTP/1.1', ({ startLine }) => {
  require(/^GET \S+ HTTP\/1\.1$/.test(startLine), 'GET … HTTP/1.1', startLine)
})
asks('the request target is the path and the query of the URL', ({ startLine }) => {
  require(/^GET \/echo\?run=\S+ /.test(startLine), 'GET /echo?run=…', startLine)
})
asks('Host names the host and the port', (head) =>
  one(head, 'Host', (value) => /^127\.0\.0\.1:\d+$/.test(value)),
)
asks('Upgrade is websocket', (head) => one(head, 'Upgrade', (value) => value.toLowerCase() === 'websocket'))
asks('Connection names Upgrade', (head) => {
  const tokens = headerList(head, 'Connection').map((token) => token.toLowerCase())
  require(tokens.includes('upgrade'), 'Connection: Upgrade', tokens.join(', '))
})
asks('Sec-WebSocket-Key is 16 octets in base64', (head) =>
  one(head, 'Sec-WebSocket-Key', (value) => /^[A-Za-z0-9+/]{21}[AQgw]==$/.test(value)),
)
asks('Sec-WebSocket-Version is 13', (head) => one(head, 'Sec-WebSocket-Version', (value) => value === '13'))
asks('no header field comes twice', ({ headers }) => {
  const names = headers.map(([name]) => name.toLowerCase())
  require(new Set(names).size === names.length, 'each field once', names.join(', '))
})
asks('no Sec-WebSocket-Accept, which is the server’s', (head) => none(head, 'Sec-WebSocket-Accept'))
asks('no subprotocol is offered when none was asked for', (head) => none(head, 'Sec-WebSocket-Protocol'))
asks(
  'subprotocols are offered in the order of preference',
  (head) => {
    const offered = headerList(head, 'Sec-WebSocket-Protocol')
    require(offered.join() === 'chat.v2,chat.v1', 'chat.v2, chat.v1', offered.join(', '))
  },
  {
    options: { protocols: ['chat.v2', 'chat.v1'] },
    opening: opens({ set: { 'Sec-WebSocket-Protocol': 'chat.v1' } }),
  },
)
asks('no extension is offered when none was asked for', (head) => none(head, 'Sec-WebSocket-Extensions'), {
  on: { deflate: false },
})
asks(
  'permessage-deflate is offered with valid parameters when asked for',
  (head) => {
    const value = headerValues(head, 'Sec-WebSocket-Extensions').join(', ')
    const offers = parseExtensions(value) ?? []
    require(offers.length > 0 &&
      offers.every((offer) => offer.name === 'permessage-deflate'), 'permessage-deflate', value)
    for (const offer of offers) {
      const params = readDeflateParams(offer, 'offer')
      require(typeof params !== 'string', 'valid parameters', String(params))
    }
  },
  { on: { deflate: true } },
)
request.add({
  title: 'every connection brings a fresh key',
  steps: [
    {
      run: async (probe) => {
        const probes = await Promise.all(Array.from({ length: 8 }, () => probe.another()))
        const keys = [probe, ...probes].map(
          (one) => headerValues(one.request ?? { headers: [] }, 'Sec-WebSocket-Key')[0],
        )
        require(new Set(keys).size === keys.length, 'nine different keys', keys.join(' '))
      },
    },
  ],
})

const answer = new Topic('4.1-answer', 'RFC 6455 §4.1', { on: HTTP1 })
const header = (name: string, value: string) => ({ set: { [name]: value } })

for (const [title, response] of [
  ['Upgrade in mixed case', header('Upgrade', 'WebSocket')],
  ['Upgrade in upper case', header('Upgrade', 'WEBSOCKET')],
  ['Connection in lower case', header('Connection', 'upgrade')],
  ['Connection in upper case', header('Connection', 'UPGRADE')],
  ['Connection as a list', header('Connection', 'keep-alive, Upgrade')],
  ['Connection as a list without blanks', header('Connection', 'foo,upgrade,bar')],
  ['Connection on two lines', { ...header('Connection', 'keep-alive'), add: [['Connection', 'Upgrade']] }],
  ['blanks and tabs around values', { accept: (right: string) => `\t ${right} \t` }],
  [
    'unknown header fields and cookies',
    {
      add: [
        ['X-Unknown', '1'],
        ['Set-Cookie', 'a=b'],
        ['Set-Cookie', 'c=d'],
      ],
    },
  ],
  ['another reason phrase', { statusLine: 'HTTP/1.1 101 Web Socket Protocol Handshake' }],
  ['an empty reason phrase', { statusLine: 'HTTP/1.1 101 ' }],
  [
    'field names in another case',
    {
      drop: ['Upgrade', 'Connection'],
      add: [
        ['UPGRADE', 'websocket'],
        ['connection', 'Upgrade'],
      ],
    },
  ],
] as const) {
  answer.add({ title: `the client accepts ${title}`, opening: opens(response) })
}
for (const before of ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n']) {
  answer.add({
    title: `the client skips an interim ${before.slice(9, 12)}`,
    level: 'should',
    opening: opens({ before }),
  })
}
answer.add({
  title: 'a message right behind the answer is not lost',
  opening: opens({ behind: [text('early')] }),
  steps: [getText('early')],
})
answer.add({
  title: 'a ping and two messages right behind the answer keep their order',
  opening: opens({ behind: [ping('p'), text('one'), text('two')] }),
  steps: [getPong('p'), getText('one'), getText('two')],
})
answer.add({
  title: 'half a frame right behind the answer, the other half later',
  opening: opens({ behind: [{ raw: Uint8Array.of(0x81, 0x04, 0x68) }] }),
  steps: [send({ raw: Uint8Array.of(0x61, 0x6c, 0x66) }), getText('half')],
})

for (const status of [200, 204, 301, 302, 304, 400, 401, 403, 404, 407, 426, 500, 503]) {
  answer.add({
    title: `the client fails on status ${status}`,
    opening: failsToOpen({
      statusLine: `HTTP/1.1 ${status} Whatever`,
      add: [
        ['Location', '/x'],
        ['Content-Length', '0'],
      ],
    }),
  })
}
for (const [title, response] of [
  ['no Upgrade', { drop: ['Upgrade'] }],
  ['another Upgrade', header('Upgrade', 'h2c')],
  ['an Upgrade that only begins with websocket', header('Upgrade', 'websocket2')],
  ['an empty Upgrade', header('Upgrade', '')],
  ['no Connection', { drop: ['Connection'] }],
  ['a Connection that does not name Upgrade', header('Connection', 'keep-alive')],
  ['a Connection that only begins with Upgrade', header('Connection', 'Upgraded')],
  ['no Sec-WebSocket-Accept', { drop: ['Sec-WebSocket-Accept'] }],
  ['an empty Sec-WebSocket-Accept', { accept: () => '' }],
  ['the accept value of another key', { accept: () => 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=' }],
  ['an accept value in another case', { accept: (right: string) => right.toLowerCase().replace('=', 'X=') }],
  ['an accept value with its case swapped', { accept: swapCase }],
  ['an accept value with something behind it', { accept: (right: string) => `${right}x` }],
  ['an accept value without its padding', { accept: (right: string) => right.replace('=', '') }],
  ['a truncated accept value', { accept: (right: string) => right.slice(0, 20) }],
  [
    'the right accept value and a wrong one',
    { add: [['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=']] },
  ],
] as const) {
  answer.add({ title: `the client fails on ${title}`, opening: failsToOpen(response) })
}
for (const [title, raw] of [
  ['no HTTP at all', 'SSH-2.0-OpenSSH_9.7\r\n\r\n'],
  ['an answer cut short', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n'],
  ['the end of TCP without an answer', ''],
  ['a status line without a status', 'HTTP/1.1\r\nUpgrade: websocket\r\n\r\n'],
] as const) {
  answer.add({ title: `the client fails on ${title}`, opening: failsToOpen({ raw }) })
}
answer.add({
  title: 'the client fails on 101 in HTTP/1.0, which has no upgrades',
  level: 'should',
  opening: failsToOpen({ statusLine: 'HTTP/1.0 101 Switching Protocols' }),
})

function swapCase(value: string): string {
  return value.replaceAll(/[a-zA-Z]/g, (char) =>
    char === char.toLowerCase() ? char.toUpperCase() : char.toLowerCase(),
  )
}

const choice = new Topic('4.1-negotiated', 'RFC 6455 §4.1', { on: { role: 'client' } })
const offered = { options: { protocols: ['chat.v2', 'chat.v1'] } }
const protocol = (value: string) => header('Sec-WebSocket-Protocol', value)

choice
  .add({ title: 'the first offered subprotocol', ...offered, opening: opens(protocol('chat.v2'), 'chat.v2') })
  .add({
    title: 'the second offered subprotocol',
    ...offered,
    opening: opens(protocol('chat.v1'), 'chat.v1'),
  })
  .add({
    title: 'no subprotocol, though two were offered',
    level: 'should',
    ...offered,
    opening: opens({}, ''),
  })
  .add({
    title: 'a subprotocol that was not offered fails',
    ...offered,
    opening: failsToOpen(protocol('chat.v3')),
  })
  .add({
    title: 'a subprotocol in another case was not offered',
    ...offered,
    opening: failsToOpen(protocol('Chat.v1')),
  })
  .add({
    title: 'two subprotocols in one answer fail',
    ...offered,
    opening: failsToOpen(protocol('chat.v1, chat.v2')),
  })
  .add({
    title: 'two Sec-WebSocket-Protocol lines fail (§11.3.4)',
    ...offered,
    opening: failsToOpen({
      add: [
        ['Sec-WebSocket-Protocol', 'chat.v2'],
        ['Sec-WebSocket-Protocol', 'chat.v1'],
      ],
    }),
  })
  .add({ title: 'an empty subprotocol fails', ...offered, opening: failsToOpen(protocol('')) })
  .add({ title: 'a subprotocol when none was offered fails', opening: failsToOpen(protocol('chat.v1')) })
for (const [title, value] of [
  ['an unknown extension', 'x-unknown'],
  ['permessage-deflate', 'permessage-deflate'],
  ['permessage-deflate behind an unknown one', 'x-unknown, permessage-deflate'],
] as const) {
  choice.add({
    title: `${title} when no extension was offered fails`,
    on: { deflate: false },
    opening: failsToOpen(header('Sec-WebSocket-Extensions', value)),
  })
}

export const clientOpening = [...request.cases, ...answer.cases, ...choice.cases]
