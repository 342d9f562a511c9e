/** As much as goes, of what is legal one by one. */
import { DEFLATE, deflated, RSV1 } from './deflated.mjs'
import {
  CLOSE,
  CONNECT,
  frame,
  header,
  open,
  PING,
  PONG,
  pause,
  storm,
  Tally,
  TEXT,
  text,
  Wire,
} from './wire.mjs'

const PIECE = 65_536
/** Milliseconds between two pieces of a flood that has a rate. */
const BEAT = 10

const repeated = (bytes, size = PIECE) => Buffer.concat(Array(Math.ceil(size / bytes.length)).fill(bytes))

/** Pours the same bytes until it is stopped. */
const flood = (bytes) => async (wire, goesOn, deaf) => {
  wire.send(CONNECT)
  while (goesOn()) await wire.pour(bytes, deaf)
}

/** Frames of one byte, ten thousand a second. */
export const tinyFrames = (port, options) =>
  storm(port, { wires: 1, ...options }, async (wire, goesOn) => {
    wire.send(CONNECT)
    const bytes = repeated(text('1'), (7 * options.rate * BEAT) / 1000)
    while (goesOn() && (await wire.pour(bytes))) await pause(BEAT)
  })

export const pings = (port, options) => storm(port, options, flood(repeated(frame(PING, 'x'.repeat(125)))))
export const emptyPings = (port, options) => storm(port, options, flood(repeated(frame(PING))))
export const pongs = (port, options) => storm(port, options, flood(repeated(frame(PONG))))
export const commandPings = (port, options) =>
  storm(port, options, flood(repeated(text('{"id":7,"ping":{}}'))))
export const closes = (port, options) =>
  storm(port, options, flood(repeated(frame(CLOSE, Buffer.from([1000 >> 8, 1000 & 255])))))
/** Frames that hold no command. */
export const nothings = (port, options) => storm(port, options, flood(repeated(text('[]'))))
/** Publications as fast as they go, though nearly all are refused. */
export const unheeding = (port, options) =>
  storm(port, options, flood(repeated(text('{"id":7,"publish":{"channel":"chat:flood","data":1}}'))))
export const bytes = (port, options) =>
  storm(
    port,
    options,
    flood(text(`{"id":7,"publish":{"channel":"chat:flood","data":"${'x'.repeat(65_000)}"}}`)),
  )

const BATCH = text(`[${Array(4000).fill('{"id":7,"x":1}').join()}]`)
/** Frames that hold thousands of commands; before connect, which nothing else may come before, and after it. */
export const batches = (port, options) => storm(port, options, flood(BATCH))
export const earlyBatches = (port, options) =>
  storm(port, options, async (wire, goesOn) => {
    while (goesOn() && (await wire.pour(BATCH)));
  })

/** Messages of 64 MB: in one frame, and in frames that go on and on. */
export async function largeMessages(port, { megabytes, seconds, times = Number.POSITIVE_INFINITY }) {
  const until = performance.now() + seconds * 1000
  const tally = new Tally()
  const pour = async (first, next) => {
    for (let time = 0; time < times && performance.now() < until; time++) {
      const wire = await open(port)
      wire.send(CONNECT)
      await wire.pour(first)
      for (let sent = 0; sent < megabytes * 2 ** 20 && !wire.isOver; sent += next.length)
        await wire.pour(next)
      tally.add(await Promise.race([wire.ended, pause(3000)]))
      wire.destroy()
    }
  }
  const fragment = (size) => frame(0x00, 'x'.repeat(size))
  const ways = [
    [header(TEXT, megabytes * 2 ** 20), Buffer.alloc(PIECE, 'x')],
    [frame(0x01, 'x'), fragment(60_000)],
    [frame(0x01, 'x'), repeated(fragment(1))],
    [frame(0x01, 'x'), repeated(fragment(0))],
  ]
  await Promise.all(ways.map((way) => pour(...way)))
  return { ends: tally.counts }
}

/** Compressed messages, a thousand times as large as they are sent: too large in one, and of the right size in many. */
export async function bombs(port, options, ready) {
  const sizes = { tooLarge: 64 * 2 ** 20, justTooLarge: 100_000, many: 65_000 }
  const kinds = Object.entries(sizes).map(([name, size]) => {
    const data = `{"id":7,"publish":{"channel":"chat:bomb","data":"${'a'.repeat(size - 60)}"}}`
    const payload = deflated(data)
    const bytes = repeated(frame(TEXT | RSV1, payload), name === 'tooLarge' ? 1 : 20 * payload.length)
    return { name, bytes, ratio: Math.round(data.length / payload.length) }
  })
  await ready()
  const outcome = {}
  for (const { name, bytes, ratio } of kinds) {
    const { ends } = await storm(
      port,
      { ...options, headers: DEFLATE, seconds: options.seconds / kinds.length },
      flood(bytes),
    )
    outcome[name] = ends
    outcome[`${name} ratio`] = ratio
  }
  return outcome
}

/** Many that publish as fast as they may, each in a channel of its own that it hears too. */
export async function publishers(port, { clients, rate, size, seconds }) {
  const codes = new Tally()
  const wires = await Promise.all(
    Array.from({ length: clients }, async (_, n) => {
      const wire = await open(port)
      wire.onText = (payload) =>
        codes.add(/"code":(\d+)/.exec(payload.toString('latin1', 0, 60))?.[1] ?? 'told')
      wire.send(CONNECT)
      wire.send(text(`{"id":2,"subscribe":{"channel":"chat:p${n}"}}`))
      return wire
    }),
  )
  // Each a tenth of a second's worth at a time, and not all at the same time.
  const share = rate / 10
  const publication = (n) => text(`{"id":7,"publish":{"channel":"chat:p${n}","data":"${'x'.repeat(size)}"}}`)
  const pieces = wires.map((_, n) => repeated(publication(n), publication(n).length * share))
  const begun = performance.now()
  let turn = 0
  for (; performance.now() < begun + seconds * 1000; turn++) {
    wires[turn % clients].send(pieces[turn % clients])
    const due = begun + ((turn + 1) * 100) / clients
    if (due > performance.now() + 1) await pause(due - performance.now())
  }
  const published = turn * share
  await pause(500)
  const ends = new Tally()
  for (const wire of wires) {
    ends.add(wire.isOver ? wire.end : 'stays')
    wire.destroy()
  }
  return { ends: ends.counts, published, codes: codes.counts }
}

/** Connections that come and go as fast as said, all from one address. */
export async function flapping(port, { seconds, rate, address }) {
  const tally = new Tally()
  const [begun, all] = [performance.now(), []]
  for (let n = 0; n < seconds * rate; n++) {
    const wire = new Wire(port)
    const flap = wire.opens({ headers: { 'x-forwarded-for': address } }).then(async () => {
      wire.send(CONNECT)
      // It is cut as soon as it has heard anything, or a little later.
      await Promise.race([wire.ended, new Promise((resolve) => (wire.onText = resolve)), pause(200)])
      tally.add(wire.code ?? 'let in')
      wire.socket.resetAndDestroy()
    })
    all.push(flap)
    await pause(Math.max(0, begun + ((n + 1) * 1000) / rate - performance.now()))
  }
  await Promise.all(all)
  return { ends: tally.counts }
}
