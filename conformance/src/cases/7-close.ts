import type { Step } from '../model.js'
import { bytes, fromHex, utf8 } from '../wire/bytes.js'
import {
  alive,
  close,
  closePayload,
  cont,
  ends,
  fails,
  frame,
  getClose,
  getPong,
  getText,
  MORE,
  ping,
  send,
  sendBut,
  Topic,
  text,
} from './build.js'

const CLOSE = 8
const told = (code: number, reason?: string): Step => ({
  expect: 'report',
  codes: [code],
  ...(reason === undefined ? {} : { reason }),
})
const server = { role: 'server' } as const

/** The peer of a client must end TCP itself (RFC 6455 §7.1.1); `closes` of the runner does so elsewhere. */
const handshake = new Topic('7.1-close', 'RFC 6455 §7.1')
handshake
  .add({ title: 'the closing handshake: Close, Close, end of TCP', steps: [] })
  .add({ title: 'the server ends TCP first', on: server, steps: [send(close(1000)), getClose(1000), ends] })
  .add({
    title: 'a message sent before the Close comes back before the Close',
    steps: [send(text('last'), close(1000)), getText('last'), getClose(1000)],
  })
  .add({
    title: 'twenty messages and a Close in one write',
    steps: [
      send(...Array.from({ length: 20 }, (_, i) => text(`m${i}`)), close(1000)),
      ...Array.from({ length: 20 }, (_, i) => getText(`m${i}`)),
      getClose(1000),
    ],
  })
  .add({
    title: 'a message after the Close is not read',
    on: server,
    steps: [send(close(1000), text('late')), getClose(1000), ends],
  })
  .add({
    title: 'an illegal frame after the Close is not read',
    on: server,
    steps: [send(close(1000), frame(3, 'x', { rsv: 7 })), getClose(1000), ends],
  })
  .add({
    title: 'a second Close is not answered',
    on: server,
    steps: [send(close(1000), close(1001)), getClose(1000), ends],
  })
  .add({
    title: 'half a frame after the Close',
    on: server,
    steps: [sendBut(5, close(1000), text('0123456789')), getClose(1000), ends],
  })
  .add({
    title: 'garbage after the Close',
    on: server,
    steps: [send(close(1000), { raw: fromHex('deadbeefdeadbeef') }), getClose(1000), ends],
  })
  .add({
    title: 'a Close in the middle of a fragmented message',
    steps: [send(text('one', MORE), close(1001)), getClose(1001)],
  })
  .add({
    title: 'a Close in the middle of a code point',
    steps: [send(text(fromHex('f09f'), MORE), close(1000)), getClose(1000)],
  })
  .add({
    title: 'the end of TCP without a Close is the end, not a hang',
    on: server,
    steps: [
      ...alive,
      { act: 'end' },
      { run: async ({ peer, patience }) => void (await drainToEnd(peer, patience)) },
    ],
  })
  .add({
    title: 'the end of TCP inside of a frame',
    on: server,
    steps: [
      sendBut(3, text('cut off')),
      { act: 'end' },
      { run: async ({ peer, patience }) => void (await drainToEnd(peer, patience)) },
    ],
  })

interface Draining {
  next(patience: number): Promise<{ readonly is: string } | undefined>
}

/** RFC 6455 leaves open whether a Close 1002 or 1006 is still written to a peer that has gone; only the end counts. */
async function drainToEnd(peer: Draining, patience: number): Promise<void> {
  for (;;) {
    const event = await peer.next(patience)
    if (event === undefined) throw new Error('the subject keeps the connection after the end of TCP')
    if (event.is === 'end') return
  }
}

const started = new Topic('7.1.2-start', 'RFC 6455 §7.1.2')
started
  .add({
    title: 'a Close of the subject carries its code and reason',
    options: { onOpen: { close: [4001, 'done here'] } },
    steps: [
      { expect: 'close', codes: [4001], reason: 'done here' },
      send(close(4001)),
      { run: async (probe) => endOf(probe) },
    ],
    closes: false,
  })
  .add({
    title: 'a Close of the subject with a code alone',
    options: { onOpen: { close: [1000, ''] } },
    steps: [
      { expect: 'close', codes: [1000], reason: '' },
      send(close(1000)),
      { run: async (probe) => endOf(probe) },
    ],
  })
  .add({
    title: 'a Close of the subject with a reason of 123 octets',
    options: { onOpen: { close: [3000, '€'.repeat(41)] } },
    steps: [
      { expect: 'close', codes: [3000], reason: '€'.repeat(41) },
      send(close(3000)),
      { run: async (probe) => endOf(probe) },
    ],
  })
  .add({
    title: 'messages that cross the subject’s Close are legal and not echoed',
    options: { onOpen: { close: [1001, ''] } },
    steps: [
      getClose(1001),
      send(text('crossing'), ping('p'), close(1001)),
      { run: async (probe) => endOf(probe) },
    ],
  })
  .add({
    title: 'an illegal frame that crosses the subject’s Close ends the connection',
    options: { onOpen: { close: [1001, ''] } },
    steps: [getClose(1001), send(frame(3)), { run: async (probe) => endOf(probe) }],
  })
  .add({
    title: 'a Close that crosses the subject’s Close',
    options: { onOpen: { close: [1001, ''] } },
    steps: [send(close(1000)), getClose(1001, 1000), { run: async (probe) => endOf(probe) }],
  })
  .add({
    title: 'a peer that never answers the subject’s Close is dropped in time',
    level: 'choice',
    on: server,
    options: { onOpen: { close: [1001, ''] }, closeTimeout: 300 },
    steps: [getClose(1001), ends],
  })

async function endOf({
  peer,
  patience,
}: {
  peer: Draining & { end(): void; suiteIs: string }
  patience: number
}): Promise<void> {
  if (peer.suiteIs === 'server') peer.end()
  const event = await peer.next(patience)
  if (event?.is !== 'end')
    throw new Error(`after both Closes the subject ends the connection, got ${event?.is ?? 'nothing'}`)
}

const report = new Topic('7.1.5-told', 'RFC 6455 §7.1.5')
report
  .add({
    title: 'the application is told the code and the reason',
    steps: [send(close(4321, 'bye €')), getClose(4321), { act: 'end' }, told(4321, 'bye €')],
  })
  .add({
    title: 'the application is told 1005 for an empty Close',
    steps: [send(close()), getClose(1005, 1000), { act: 'end' }, told(1005, '')],
  })
  .add({
    title: 'the application is told 1006 when TCP ends without a Close',
    steps: [...alive, { act: 'end' }, told(1006, '')],
  })
  .add({
    title: 'the application is told 1006 when TCP is reset',
    steps: [...alive, { act: 'reset' }, told(1006, '')],
  })
  .add({
    title: 'the application is told 1006 when TCP ends inside of a frame',
    steps: [sendBut(2, text('cut')), { act: 'end' }, told(1006, '')],
  })

// RFC 6455 §7.4.1 and §7.4.2, with what IANA registered since.
const valid = new Topic('7.4-valid', 'RFC 6455 §7.4')
for (const code of [
  1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3001, 3999, 4000, 4001, 4999,
]) {
  valid.add({ title: `code ${code} is answered with itself`, steps: [send(close(code)), getClose(code)] })
}
const refusedCodes = new Topic('7.4-invalid', 'RFC 6455 §7.4')
for (const code of [0, 1, 100, 999, 1004, 1005, 1006, 1015]) {
  refusedCodes.add({ title: `code ${code} must not be on the wire`, steps: [send(close(code)), fails(1002)] })
}
for (const code of [1016, 1017, 1100, 1999, 2000, 2999]) {
  refusedCodes.add({
    title: `code ${code} is reserved for later`,
    level: 'should',
    steps: [send(close(code)), fails(1002)],
  })
}
for (const code of [5000, 5001, 10_000, 32_768, 65_535]) {
  refusedCodes.add({
    title: `code ${code} is above every range`,
    level: 'should',
    steps: [send(close(code)), fails(1002)],
  })
}
refusedCodes.add({ title: 'code 1005 with a reason', steps: [send(close(1005, 'why')), fails(1002)] })

const body = new Topic('5.5.1-body', 'RFC 6455 §5.5.1')
body
  .add({ title: 'an empty Close', steps: [send(close()), getClose(1005, 1000)] })
  .add({ title: 'a Close of one octet', steps: [send(frame(CLOSE, bytes(3))), fails(1002)] })
  .add({ title: 'a reason of one octet', steps: [send(close(1000, 'x')), getClose(1000)] })
  .add({
    title: 'a reason of 123 octets, the most there can be',
    steps: [send(close(1000, 'x'.repeat(123))), getClose(1000)],
  })
  .add({ title: 'a reason of 124 octets', steps: [send(close(1000, 'x'.repeat(124))), fails(1002)] })
  .add({ title: 'a reason in many scripts', steps: [send(close(1000, 'κόσμε 日本語 😀')), getClose(1000)] })
  .add({
    title: 'a reason with NUL and a noncharacter',
    steps: [send(close(1000, fromHex('00efbfbe'))), getClose(1000)],
  })
for (const [what, octets] of [
  ['FF', 'ff'],
  ['an overlong form', 'c080'],
  ['a surrogate', 'eda080'],
  ['a code point beyond the last', 'f4908080'],
  ['a continuation octet alone', '6180'],
  ['a code point cut at the end', 'e282'],
] as const) {
  body.add({ title: `a reason with ${what}`, steps: [send(close(1000, fromHex(octets))), fails(1007)] })
}
body.add({
  title: 'a reason cut inside of its last code point at octet 123',
  steps: [send(frame(CLOSE, closePayload(1000, utf8(`${'x'.repeat(122)}€`).subarray(0, 123)))), fails(1007)],
})
body.add({
  title: 'a Close after a ping: both are answered, in order',
  steps: [send(ping('p'), close(1000)), getPong('p'), getClose(1000)],
})
body.add({
  title: 'a continuation of nothing before the Close wins',
  steps: [send(cont('x'), close(1000)), fails(1002)],
})

export const closing = [handshake, started, report, valid, refusedCodes, body].flatMap((topic) => topic.cases)
