/** HTTP that is wrong, or slow. */
import { handshake, pause, Tally, Wire } from './wire.mjs'

const GOOD = handshake()
const long = (length) => 'x'.repeat(length)
const withLine = (line) => GOOD.replace('\r\n', `\r\n${line}\r\n`)
const without = (name) => GOOD.replace(new RegExp(`${name}: .*\r\n`), '')
const post = (lines, body) =>
  `POST /millrace/poll HTTP/1.1\r\nhost: x\r\n${lines.join('\r\n')}\r\n\r\n${body}`
const HIDDEN = 'GET /hidden HTTP/1.1\r\nhost: x\r\n\r\n'

/** What Node's own parser refuses it answers, and ends at once: the answer may be lost on its way. */
const BY_NODE = 'cut'

/** Requests that no client sends, each with the statuses that may answer it, or how they may end else. */
export const MALFORMED = [
  ['POST', GOOD.replace('GET', 'POST'), [405]],
  ['a method that is none', GOOD.replace('GET', 'G\0T'), [BY_NODE, 400]],
  ['CONNECT', GOOD.replace('GET /millrace', 'CONNECT attacked:80'), ['cut']],
  ['HTTP/1.0', GOOD.replace('HTTP/1.1', 'HTTP/1.0'), [400, 426]],
  ['HTTP/9.9', GOOD.replace('HTTP/1.1', 'HTTP/9.9'), [BY_NODE, 400]],
  ['no key', without('sec-websocket-key'), [400]],
  ['a key that is none', GOOD.replace(/(key: ).*/, '$1short'), [400]],
  ['two keys', withLine('sec-websocket-key: BBBBBBBBBBBBBBBBBBBBBA=='), [400]],
  ['no version', without('sec-websocket-version'), [426]],
  ['another version', GOOD.replace('version: 13', 'version: 8'), [426]],
  ['no host', without('host'), [400]],
  ['two hosts', withLine('host: elsewhere'), [400]],
  ['another upgrade', GOOD.replace('upgrade: websocket', 'upgrade: h2c'), [426]],
  ['no upgrade in Connection', GOOD.replace('connection: upgrade', 'connection: close'), [400, 404]],
  ['a body', withLine('content-length: 5'), [413]],
  ['two lengths', withLine('content-length: 0\r\ncontent-length: 5'), [BY_NODE, 400]],
  ['length and encoding', withLine('content-length: 5\r\ntransfer-encoding: chunked'), [BY_NODE, 400, 413]],
  ['headers beyond what is read', withLine(`x: ${long(20_000)}`), [BY_NODE, 431]],
  [
    'a thousand headers',
    withLine(Array.from({ length: 3000 }, (_, n) => `x${n}: 1`).join('\r\n')),
    [BY_NODE, 431],
  ],
  ['a long list of protocols', withLine(`sec-websocket-protocol: ${long(3000)}`), [431]],
  ['a long path', GOOD.replace('/millrace', `/${long(20_000)}`), [BY_NODE, 431]],
  ['a line that is no header', withLine('no colon here'), [BY_NODE, 400]],
  ['a header with a line break', withLine('a: b\n c'), [BY_NODE, 400, 101]],
  ['a header with a null', withLine('a: b\0c'), [BY_NODE, 400]],
  ['a space before the colon', withLine('content-length : 5'), [BY_NODE, 400]],
  ['bytes that are no HTTP', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', [BY_NODE, 400]],
  ['another path', GOOD.replace('/millrace', '/elsewhere'), [404]],
  [
    'an encoding that is not the last',
    post(['transfer-encoding: chunked, identity'], HIDDEN),
    [BY_NODE, 400],
  ],
  [
    'two encodings',
    post(['transfer-encoding: chunked', 'transfer-encoding: identity'], `0\r\n\r\n${HIDDEN}`),
    [BY_NODE, 400],
  ],
  [
    'a length that hides a request',
    post(['content-length: 0', `content-length: ${HIDDEN.length}`], HIDDEN),
    [BY_NODE, 400],
  ],
  ['a length with a sign', post(['content-length: +5'], 'hello'), [BY_NODE, 400]],
  ['a chunk of bad size', post(['transfer-encoding: chunked'], 'xyz\r\nhello\r\n0\r\n\r\n'), [BY_NODE, 400]],
  ['a body that is too large', post(['content-length: 9000000'], ''), [413]],
  [
    'a chunked body that is too large',
    post(['transfer-encoding: chunked'], `${(400_000).toString(16)}\r\n${long(400_000)}`),
    [413],
  ],
]

/** Sends each of them, again and again. Gives those that were answered otherwise than they may be. */
export async function malformedHandshakes(port, { seconds, pace }) {
  const [until, tally, wrong] = [performance.now() + seconds * 1000, new Tally(), {}]
  do {
    for (const [name, bytes, expected] of MALFORMED) {
      const wire = new Wire(port)
      wire.send(bytes)
      await Promise.race([wire.ended, pause(10_000)])
      if (!expected.includes(wire.end)) wrong[name] = wire.end
      tally.add(wire.end)
      wire.destroy()
      await pause(pace)
    }
  } while (performance.now() < until)
  return { ends: tally.counts, wrong }
}

/** Sends a text byte by byte, one a second, over many connections, until they are ended or time is over; says how, and when. */
async function slowly(port, { count, seconds }, texts) {
  const begun = performance.now()
  let last = 0
  const wires = Array.from({ length: count }, (_, n) => {
    const [first, rest] = texts[n % texts.length]
    const wire = new Wire(port)
    wire.send(first)
    wire.ended.then(() => {
      last = performance.now() - begun
    })
    return [wire, rest]
  })
  for (let at = 0; performance.now() < begun + seconds * 1000; at++) {
    for (const [wire, rest] of wires) wire.send(rest[at % rest.length])
    await pause(1000)
  }
  const tally = new Tally()
  for (const [wire] of wires) {
    tally.add(wire.socket.destroyed ? wire.end : 'stays')
    wire.destroy()
  }
  return { ends: tally.counts, lastAfter: Math.round(last / 1000) }
}

/** Heads that never end. */
export const slowHandshakes = (port, options) =>
  slowly(port, options, [
    [GOOD.slice(0, 4), `${GOOD.slice(4, -4)}${long(1000)}`],
    [GOOD.slice(0, -2), 'x'],
  ])

/** Bodies that take for ever, on each endpoint that reads any. */
export const slowBodies = (port, options) =>
  slowly(
    port,
    options,
    ['poll', 'stream', 'send', 'close'].map((kind) => [
      `POST /millrace/${kind} HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n{`,
      'x',
    ]),
  )
