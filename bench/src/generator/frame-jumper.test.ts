import { describe, expect, it } from 'vitest'
import { FrameJumper, type FrameSink } from './frame-jumper.js'

type Event = readonly ['message', number] | readonly ['control', number, string]

/** Records what passes; a message means the code of its first byte, or 0 when none was seen. */
class Recorder implements FrameSink {
  readonly events: Event[] = []
  inspect(bytes: Uint8Array, start: number, end: number): number {
    return end > start ? (bytes[start] ?? 0) : 0
  }
  message(meaning: number): void {
    this.events.push(['message', meaning])
  }
  control(opcode: number, payload: Uint8Array): void {
    this.events.push(['control', opcode, Buffer.from(payload).toString()])
  }
}

/** A server's frame: unmasked. */
function frame(first: number, payload: string): Buffer {
  const body = Buffer.from(payload)
  if (body.length < 126) return Buffer.concat([Buffer.from([first, body.length]), body])
  const head = Buffer.alloc(body.length < 65_536 ? 4 : 10)
  head[0] = first
  head[1] = head.length === 4 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(body.length, 2)
  else head.writeBigUInt64BE(BigInt(body.length), 2)
  return Buffer.concat([head, body])
}

function jump(chunks: readonly Uint8Array[], peek: number): Event[] {
  const recorder = new Recorder()
  const jumper = new FrameJumper(recorder, peek)
  for (const chunk of chunks) jumper.push(chunk, 0, chunk.length)
  return recorder.events
}

const split = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

const code = (text: string): number => text.charCodeAt(0)

const STREAM = Buffer.concat([
  frame(0x81, 'one'),
  frame(0x89, 'are you there'),
  frame(0x81, ''),
  frame(0x82, 'b'.repeat(125)),
  frame(0x81, 'c'.repeat(126)),
  frame(0x01, 'first'),
  frame(0x8a, ''),
  frame(0x00, 'middle'),
  frame(0x80, 'last'),
  frame(0x81, 'd'.repeat(70_000)),
  frame(0x88, '\u0003bye'),
])

const EVENTS: readonly Event[] = [
  ['message', code('o')],
  ['control', 9, 'are you there'],
  ['message', 0],
  ['message', code('b')],
  ['message', code('c')],
  ['control', 10, ''],
  ['message', code('f')],
  ['message', code('d')],
  ['control', 8, '\u0003bye'],
]

describe('FrameJumper', () => {
  it('counts a message when its last byte has passed', () => {
    const whole = frame(0x81, 'hello')
    expect(jump([whole.subarray(0, -1)], 0)).toEqual([])
    expect(jump([whole.subarray(0, -1), whole.subarray(-1)], 0)).toEqual([['message', 0]])
  })

  it('finds the same events in a stream delivered whole', () => {
    expect(jump([STREAM], 4)).toEqual(EVENTS)
  })

  it.each([1, 2, 3, 5, 7, 64, 131, 1000])('finds the same events in chunks of %i bytes', (size) => {
    expect(jump(split(STREAM, size), 4)).toEqual(EVENTS)
  })

  it('finds the same events wherever the stream is cut once', () => {
    // The long payload in the middle is uninteresting to cut at every byte.
    const short = STREAM.subarray(0, STREAM.length - 70_000 - 30)
    const expected = jump([short], 4)
    for (let at = 0; at <= short.length; at++) {
      expect(jump([short.subarray(0, at), short.subarray(at)], 4), `cut at ${at}`).toEqual(expected)
    }
  })

  it('shows the dialect no more bytes than the message has', () => {
    expect(jump([frame(0x81, ''), frame(0x81, 'x')], 10)).toEqual([
      ['message', 0],
      ['message', code('x')],
    ])
  })

  it('starts and ends where it is told', () => {
    const recorder = new Recorder()
    const bytes = Buffer.concat([Buffer.from('HTTP head'), frame(0x81, 'a'), Buffer.from('stale')])
    new FrameJumper(recorder, 1).push(bytes, 9, bytes.length - 5)
    expect(recorder.events).toEqual([['message', code('a')]])
  })

  it.each([
    ['a masked frame', [0x81, 0x85], 'masked'],
    ['a reserved bit', [0xc1, 0x00], 'reserved bit'],
    ['an unknown data opcode', [0x83, 0x00], 'opcode 3'],
    ['an unknown control opcode', [0x8b, 0x00], 'opcode 11'],
    ['an impossible length', [0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0], '2^53'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => jump([Buffer.from(bytes)], 0)).toThrow(message)
  })
})
