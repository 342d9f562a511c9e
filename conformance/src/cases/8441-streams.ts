import { Mismatch, require } from '../runner/mismatch.js'
import { describeEvent } from '../runner/peer.js'
import type { Probe } from '../runner/probe.js'
import { closeOrderly, nextEvent, perform } from '../runner/steps.js'
import { concat, noise, prose, utf8 } from '../wire/bytes.js'
import { createFrameWriter, OPCODE } from '../wire/frame.js'
import type { H2Stream } from '../wire/h2-stream.js'
import {
  alive,
  close,
  ends,
  fails,
  frame,
  getBinary,
  getClose,
  getPong,
  getText,
  message,
  ping,
  send,
  sendBut,
  Topic,
  text,
} from './build.js'

const on = { role: 'server', transports: ['h2'] } as const

const mapping = new Topic('8441-5-stream', 'RFC 8441 §5', { on })
mapping
  .add({
    title: 'after the closing handshake the server ends its stream',
    steps: [send(close(1000)), getClose(1000), ends],
  })
  .add({
    title: 'after a failure the server ends its stream',
    steps: [send(frame(3)), fails(1002)],
  })
  .add({
    title: 'END_STREAM without a Close is 1006',
    steps: [...alive, { act: 'end' }, { expect: 'report', codes: [1006] }],
  })
  .add({
    title: 'END_STREAM inside of a frame is 1006',
    steps: [sendBut(2, text('cut')), { act: 'end' }, { expect: 'report', codes: [1006] }],
  })
  .add({
    title: 'RST_STREAM with CANCEL is 1006',
    steps: [...alive, { act: 'reset' }, { expect: 'report', codes: [1006] }],
  })
  .add({
    title: 'a Close and END_STREAM at once',
    steps: [send(close(1000)), { act: 'end' }, { run: async (probe) => perform(getClose(1000), probe) }],
  })
  .add({
    title: 'an unmasked frame fails here too',
    steps: [send(text('x', { masked: false })), fails(1002)],
  })

const frames = new Topic('8441-5-data', 'RFC 9113 §6.1', { on })
const raw = createFrameWriter(true)
const hello = raw.write({ opcode: OPCODE.text, payload: utf8('hello') })

frames
  .add({
    title: 'one frame over several DATA frames',
    steps: [
      stream(async (link) => {
        for (const part of [hello.subarray(0, 1), hello.subarray(1, 5), hello.subarray(5)]) link.write(part)
      }),
      getText('hello'),
    ],
  })
  .add({
    title: 'several frames in one DATA frame',
    steps: [
      stream(async (link) => link.write(concat([hello, hello, hello]))),
      getText('hello'),
      getText('hello'),
      getText('hello'),
    ],
  })
  .add({
    title: 'padded DATA frames',
    steps: [
      stream(async (link) => {
        link.writePadded(hello.subarray(0, 4), 100)
        link.writePadded(hello.subarray(4), 255)
      }),
      getText('hello'),
    ],
  })
  .add({
    title: 'empty DATA frames before, inside and after a frame',
    steps: [
      stream(async (link) => {
        const empty = new Uint8Array(0)
        for (const part of [empty, hello.subarray(0, 3), empty, hello.subarray(3), empty]) link.write(part)
      }),
      getText('hello'),
    ],
  })
  .add({
    title: 'a DATA frame of nothing but padding',
    steps: [stream(async (link) => link.writePadded(new Uint8Array(0), 200)), ...alive],
  })
  .add({
    title: 'messages larger than every window, both ways',
    patience: 30_000,
    steps: [
      send(message('binary', noise(300_000))),
      getBinary(noise(300_000)),
      send(message('text', prose(200_000))),
      getText(prose(200_000)),
    ],
  })
  .add({
    title: 'a stream without window holds the server back, and loses nothing',
    on: { deflate: false },
    steps: [
      stream(async (link) => link.hold()),
      send(message('binary', noise(150_000)), ping('after')),
      // The server may send no more than the first window; the rest comes when the suite releases it.
      { run: async () => new Promise((resolve) => setImmediate(resolve)) },
      stream(async (link) => link.release()),
      getBinary(noise(150_000)),
      getPong('after'),
    ],
  })

/** A step on the stream itself, below WebSocket frames. */
function stream(act: (link: H2Stream) => Promise<void>) {
  return {
    run: async ({ h2 }: Probe): Promise<void> => {
      if (h2 !== undefined) await act(h2.stream)
    },
  }
}

const several = new Topic('8441-5-several', 'RFC 8441 §5', { on })
several
  .add({
    title: 'three WebSockets on one connection',
    steps: [
      {
        run: async (probe) => {
          const probes = [probe, await probe.another(), await probe.another()]
          for (const [i, one] of probes.entries()) await perform(send(message('text', `to ${i}`)), one)
          for (const [i, one] of probes.entries()) await perform(getText(`to ${i}`), one)
          for (const one of probes.slice(1)) await closeOrderly(one)
        },
      },
    ],
  })
  .add({
    title: 'twenty WebSockets on one connection, messages by turns',
    steps: [
      {
        run: async (probe) => {
          const others = await Promise.all(Array.from({ length: 19 }, () => probe.another()))
          const all = [probe, ...others]
          for (const round of [1, 2, 3]) {
            await Promise.all(all.map((one, i) => perform(send(message('text', `${round}/${i}`)), one)))
            await Promise.all(all.map((one, i) => perform(getText(`${round}/${i}`), one)))
          }
        },
      },
    ],
  })
  .add({
    title: 'one that fails leaves the others alone',
    steps: [
      {
        run: async (probe) => {
          const bad = await probe.another()
          await perform(send(frame(7)), bad)
          await perform(fails(1002), bad)
        },
      },
      ...alive,
    ],
  })
  .add({
    title: 'one that is reset leaves the others alone',
    steps: [
      {
        run: async (probe) => {
          const gone = await probe.another()
          gone.peer.reset()
          const report = await gone.report()
          require(report.code === 1006, '1006 for the one that was reset', String(report.code))
        },
      },
      ...alive,
    ],
  })
  .add({
    title: 'one without window does not hold the others back',
    steps: [
      {
        run: async (probe) => {
          const slow = await probe.another()
          slow.h2?.stream.hold()
          await perform(send(message('binary', noise(150_000), { compress: false })), slow)
          await perform(send(text('quick')), probe)
          await perform(getText('quick'), probe)
          slow.h2?.stream.release()
          await perform(getBinary(noise(150_000)), slow)
        },
      },
    ],
  })
  .add({
    title: 'a new one opens after the first has closed',
    closes: false,
    steps: [
      {
        run: async (probe) => {
          await closeOrderly(probe)
          const next = await probe.another()
          await perform(send(text('again')), next)
          await perform(getText('again'), next)
          await closeOrderly(next)
        },
      },
    ],
  })
  .add({
    title: 'an ordinary request beside a WebSocket gets an ordinary answer',
    steps: [
      {
        run: async ({ h2 }) => {
          const status = await ordinaryRequest(h2)
          require(/^[2-5]\d\d$/.test(status), 'a status', status)
        },
      },
      ...alive,
    ],
  })
  .add({
    title: 'the frames of two WebSockets interleave octet by octet',
    steps: [
      {
        run: async (probe) => {
          const other = await probe.another()
          const [a, b] = [createFrameWriter(true), createFrameWriter(true)]
          const [one, two] = [
            a.write({ opcode: 1, payload: utf8('first €') }),
            b.write({ opcode: 1, payload: utf8('second ') }),
          ]
          for (let i = 0; i < Math.max(one.byteLength, two.byteLength); i++) {
            probe.peer.link.write(one.subarray(i, i + 1))
            other.peer.link.write(two.subarray(i, i + 1))
          }
          await perform(getText('first €'), probe)
          await perform(getText('second '), other)
          const event = await quiet(other)
          require(event === 'pong', 'nothing else', event)
        },
      },
    ],
  })

async function quiet(probe: Probe): Promise<string> {
  await perform(send(ping('quiet')), probe)
  const event = await nextEvent(probe, 'pong')
  return event?.is === 'pong' ? 'pong' : describeEvent(event)
}

async function ordinaryRequest(h2: Probe['h2']): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':path', '/'],
      [':authority', 'localhost'],
    ] as const
    h2?.connection.request(
      headers,
      {
        headers: (got) => resolve(got.find(([name]) => name === ':status')?.[1] ?? ''),
        data: () => {},
        end: () => reject(new Mismatch('an answer to an ordinary request', 'none')),
      },
      true,
    )
  })
}

export const h2Streams = [...mapping.cases, ...frames.cases, ...several.cases]
