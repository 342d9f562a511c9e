import { createRequire } from 'node:module'
import type { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import {
  type RecordedEvent,
  record,
  SERVER_RULES,
  seededRandom,
  toHex,
  waysToCut,
} from '../../test/frame-recorder.js'
import { encodeClose, encodeFrame } from './frame.js'

interface ReceiverOptions {
  readonly isServer: boolean
  readonly maxPayload: number
}

/** The parser of `ws`, which its types leave out. */
const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: ReceiverOptions) => Writable
}

type Random = (below: number) => number

/** What `ws` tells of the same bytes. Its errors carry their close code under a symbol. */
async function recordWithWs(chunks: readonly Uint8Array[]): Promise<RecordedEvent[]> {
  const receiver = new Receiver({ isServer: true, maxPayload: SERVER_RULES.limits.maxMessageBytes })
  const events: RecordedEvent[] = []
  receiver.on('message', (data: Buffer, isBinary: boolean) => {
    events.push({ event: isBinary ? 'binary' : 'text', payload: toHex(data) })
  })
  receiver.on('ping', (data: Buffer) => events.push({ event: 'ping', payload: toHex(data) }))
  receiver.on('pong', (data: Buffer) => events.push({ event: 'pong', payload: toHex(data) }))
  receiver.on('conclude', (code: number, reason: Buffer) => {
    events.push({ event: 'close', code, reason: reason.toString() })
  })
  receiver.on('error', (error: Error & Record<symbol, unknown>) => {
    const symbol = Object.getOwnPropertySymbols(error).find(
      ({ description }) => description === 'status-code',
    )
    // Without one it is the stream's own complaint, about bytes behind a Close frame.
    if (symbol !== undefined) events.push({ event: 'failure', code: Number(error[symbol]), reason: '' })
  })
  for (const chunk of chunks) receiver.write(Buffer.from(chunk))
  // It may tell one message a turn.
  for (let length = -1; length !== events.length; ) {
    length = events.length
    await new Promise((resolve) => setImmediate(resolve))
  }
  return events
}

const TEXTS = [
  '',
  'plain ascii',
  'grüße aus köln',
  '水は低きに流れる',
  '🌊🌊',
  'x'.repeat(130),
  'é'.repeat(200),
]

function randomPayload(random: Random): Uint8Array {
  const text = Buffer.from(TEXTS[random(TEXTS.length)] ?? '')
  return random(3) === 0 ? Uint8Array.from({ length: random(400) }, () => random(256)) : text
}

/** One message of a client: whole or in fragments, with control frames between them. */
function randomMessage(random: Random): Uint8Array[] {
  const opcode = 1 + random(2)
  const payload = opcode === 1 ? Buffer.from(TEXTS[random(TEXTS.length)] ?? '') : randomPayload(random)
  const frames: Uint8Array[] = []
  const fragments = 1 + random(4)
  for (let index = 0; index < fragments; index += 1) {
    const from = Math.floor((payload.length * index) / fragments)
    const to = Math.floor((payload.length * (index + 1)) / fragments)
    const head = (index === fragments - 1 ? 0x80 : 0) | (index === 0 ? opcode : 0)
    frames.push(encodeFrame(head, payload.subarray(from, to), random(2 ** 31)))
    if (random(4) === 0) frames.push(randomControl(random))
  }
  return frames
}

function randomControl(random: Random): Uint8Array {
  return encodeFrame(0x89 + random(2), randomPayload(random).subarray(0, 125), random(2 ** 31))
}

/** A stream of a client, most often spoilt in one bit of some frame's first two bytes or of its payload. */
function randomStream(random: Random): Uint8Array {
  const frames = Array.from({ length: 1 + random(5) }, () => randomMessage(random)).flat()
  if (random(3) === 0)
    frames.push(encodeFrame(0x88, encodeClose([1000, 1001, 3000, 4999][random(4)], 'bye'), 7))
  if (random(3) > 0) {
    const frame = frames[random(frames.length)]
    const at = random(4) === 0 ? random(frame?.length ?? 1) : random(2)
    if (frame !== undefined) frame[at] = (frame[at] ?? 0) ^ (1 << random(8))
  }
  return Uint8Array.from(frames.flatMap((frame) => Array.from(frame)))
}

function withoutReasons(events: readonly RecordedEvent[]): RecordedEvent[] {
  return events.map((event) => (event.event === 'failure' ? { ...event, reason: '' } : event))
}

/** `ws` takes lengths that are not minimal; the standard does not (RFC 6455 §5.2), so such streams prove nothing. */
function isJudgedAlike(events: readonly RecordedEvent[]): boolean {
  return !events.some(
    (event) => event.event === 'failure' && /must be encoded in|highest bit/.test(event.reason),
  )
}

describe('[E1] the parser of ws and this one tell the same of the same bytes', () => {
  it('in 1,500 streams, sound and spoilt, whole and cut', async () => {
    const random = seededRandom(2024)
    const outcomes = { same: 0, earlier: 0, failed: 0 }
    for (let round = 0; round < 1500; round += 1) {
      const bytes = randomStream(random)
      const told = record([bytes])
      if (!isJudgedAlike(told)) continue
      const ours = withoutReasons(told)
      const ways = waysToCut(bytes, 1, round + 1)
      const theirs = await recordWithWs(ways[round % ways.length] ?? [bytes])
      const last = ours.at(-1)
      if (last?.event === 'failure') outcomes.failed += 1
      if (
        last?.event === 'failure' &&
        last.code === 1007 &&
        JSON.stringify(ours) !== JSON.stringify(theirs)
      ) {
        // RFC 6455 §8.1 by its letter: we fail at the first wrong byte, `ws` when the message is complete, if it ever is.
        outcomes.earlier += 1
        expect(theirs.slice(0, ours.length - 1)).toEqual(ours.slice(0, -1))
        continue
      }
      outcomes.same += 1
      expect(ours, Buffer.from(bytes).toString('hex')).toEqual(theirs)
    }
    // The comparison is worth something only if it saw enough of each.
    expect(outcomes.same).toBeGreaterThan(1200)
    expect(outcomes.failed).toBeGreaterThan(300)
    expect(outcomes.earlier).toBeLessThan(100)
  })
})
