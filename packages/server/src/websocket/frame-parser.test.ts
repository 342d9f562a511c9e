import { isUtf8 } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import {
  CLIENT_RULES,
  FrameRecorder,
  fromHex,
  type RecordedEvent,
  record,
  SERVER_RULES,
  seededRandom,
  toHex,
  waysToCut,
} from '../../test/frame-recorder.js'
import { encodeClose, encodeFrame } from './frame.js'
import { FrameParser, type FrameRules } from './frame-parser.js'
import { DEFAULT_FRAME_LIMITS } from './limits.js'
import { encodeUtf8 } from './utf8.js'

const KEY = 0x3d21fa37
const COMPRESSION_RULES: FrameRules = { ...CLIENT_RULES, compression: true }

/** Frames as a server writes them, so that hex is legible, against events; each also masked and under every cut. */
function expectEvents(hex: string, events: readonly RecordedEvent[], rules: FrameRules = CLIENT_RULES): void {
  const bytes = fromHex(hex)
  for (const chunks of waysToCut(bytes)) expect(record(chunks, rules)).toEqual(events)
  const native = { ...rules, isUtf8 }
  for (const chunks of waysToCut(bytes, 5)) expect(record(chunks, native)).toEqual(events)
}

function failure(code: number, reason: unknown): RecordedEvent {
  return { event: 'failure', code, reason: expect.stringMatching(reason as string) as string }
}

function limited(limits: Partial<FrameRules['limits']>): FrameRules {
  return { ...CLIENT_RULES, limits: { ...DEFAULT_FRAME_LIMITS, ...limits } }
}

/** Frames of a client, one after the other, from first bytes and payloads. */
function masked(...frames: (readonly [head: number, payload: string | Uint8Array])[]): Uint8Array {
  const parts = frames.map(([head, payload], index) =>
    encodeFrame(head, typeof payload === 'string' ? encodeUtf8(payload) : payload, KEY + index),
  )
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)))
}

describe('RFC 6455 §5.7: the examples of the standard', () => {
  it('reads an unmasked text', () => {
    expectEvents('81 05 48656c6c6f', [{ event: 'text', payload: '48656c6c6f' }])
  })

  it('reads a masked text', () => {
    for (const chunks of waysToCut(fromHex('81 85 37fa213d 7f9f4d5158'))) {
      expect(record(chunks, SERVER_RULES)).toEqual([{ event: 'text', payload: '48656c6c6f' }])
    }
  })

  it('reads a text in two fragments', () => {
    expectEvents('01 03 48656c 80 02 6c6f', [{ event: 'text', payload: '48656c6c6f' }])
  })

  it('reads a ping and a pong', () => {
    expectEvents('89 05 48656c6c6f 8a 05 48656c6c6f', [
      { event: 'ping', payload: '48656c6c6f' },
      { event: 'pong', payload: '48656c6c6f' },
    ])
  })

  it('reads binary messages of 256 bytes and of 64 KiB', () => {
    expectEvents(`82 7e0100 ${'ab'.repeat(256)}`, [{ event: 'binary', payload: 'ab'.repeat(256) }])
    const large = 'cd'.repeat(65536)
    expect(record([fromHex(`82 7f0000000000010000 ${large}`)], CLIENT_RULES)).toEqual([
      { event: 'binary', payload: large },
    ])
  })
})

describe('[E1] RFC 6455 §5.2: the same bytes give the same events, however they are cut', () => {
  it('many frames of every kind and length, masked', () => {
    const random = seededRandom(7)
    const lengths = [0, 1, 2, 31, 32, 33, 124, 125, 126, 127, 128, 1000, 4000]
    const bytes = masked(
      ...lengths.map((length) => [0x82, Uint8Array.from({ length }, () => random(256))] as const),
      [0x81, 'grüße 🌊 '.repeat(20)],
      [0x01, 'in '],
      [0x89, 'are you there?'],
      [0x00, 'three '],
      [0x8a, ''],
      [0x80, 'fragments'],
      [0x82, ''],
      [0x88, encodeClose(1000, 'bye')],
    )
    const whole = record([bytes])
    expect(whole.map(({ event }) => event)).toEqual([
      ...lengths.map(() => 'binary'),
      ...['text', 'ping', 'pong', 'text', 'binary', 'close'],
    ])
    for (const chunks of waysToCut(bytes, 200, 99)) expect(record(chunks)).toEqual(whole)
  })

  it('at every alignment within a larger buffer', () => {
    const bytes = masked(
      [0x82, Uint8Array.from({ length: 300 }, (_, index) => index & 0xff)],
      [0x81, 'x'.repeat(50)],
    )
    const expected = record([bytes])
    for (let shift = 0; shift < 8; shift += 1) {
      const recorder = new FrameRecorder()
      const larger = new Uint8Array(bytes.length + shift + 3)
      larger.set(bytes, shift)
      new FrameParser(recorder, SERVER_RULES).receive(larger.subarray(shift, shift + bytes.length))
      expect(recorder.events).toEqual(expected)
      expect(toHex(larger.subarray(0, shift)) + toHex(larger.subarray(shift + bytes.length))).toMatch(/^0*$/)
    }
  })
})

describe('[E2] RFC 6455 §5.1: masks', () => {
  it('are required from a client', () => {
    for (const chunks of waysToCut(fromHex('81 05 48656c6c6f'), 3)) {
      expect(record(chunks, SERVER_RULES)).toEqual([failure(1002, 'must mask')])
    }
  })

  it('are forbidden to a server', () => {
    expectEvents('81 85 37fa213d 7f9f4d5158', [failure(1002, 'must not mask')])
  })
})

describe('[E3] RFC 6455 §5.2: reserved bits and opcodes', () => {
  it.each(['a1', '91', 'b1', 'a9', '98', '99', '90'])('head %s uses RSV2 or RSV3', (head) => {
    expectEvents(`${head} 00`, [failure(1002, 'RSV2 and RSV3')])
  })

  it.each(['c1', 'c2', '41'])('head %s uses RSV1 without an agreement', (head) => {
    expectEvents(`${head} 00`, [failure(1002, 'RSV1 must be 0: permessage-deflate')])
  })

  it.each(['83', '84', '85', '86', '87', '8b', '8c', '8d', '8e', '8f', '03', '0b'])(
    'head %s is reserved',
    (head) => {
      expectEvents(`${head} 00`, [failure(1002, 'is reserved')])
    },
  )

  it('fails at the first two bytes, before the length or a payload', () => {
    expect(record([fromHex('83 7f')], CLIENT_RULES)).toEqual([failure(1002, 'is reserved')])
  })

  it('RFC 7692 §6.1: RSV1 marks the first fragment of a compressed message only', () => {
    expectEvents(
      'c1 01 aa 41 01 bb 80 01 cc',
      [
        { event: 'text', payload: 'aa', compressed: true },
        { event: 'text', payload: 'bbcc', compressed: true },
      ],
      COMPRESSION_RULES,
    )
    expectEvents('41 01 aa c0 01 bb', [failure(1002, 'continuation')], COMPRESSION_RULES)
    expectEvents('c9 00', [failure(1002, 'RSV1 must be 0 in a control frame')], COMPRESSION_RULES)
  })
})

describe('[E4] RFC 6455 §5.2: a length is encoded in the fewest bytes', () => {
  it.each([
    ['82 7e 0000', '7 bits'],
    ['82 7e 007d', '7 bits'],
    ['82 7f 0000000000000001', '7 bits'],
    ['82 7f 0000000000000100', '16 bits'],
    ['82 7f 000000000000ffff', '16 bits'],
    ['82 7f 8000000000000000', 'highest bit'],
    ['82 7f ffffffffffffffff', 'highest bit'],
  ])('%s', (hex, reason) => {
    expectEvents(hex, [failure(1002, reason)])
  })

  it('takes 126 in 16 bits and 65,536 in 64', () => {
    expectEvents(`82 7e007e ${'00'.repeat(126)}`, [{ event: 'binary', payload: '00'.repeat(126) }])
    const rules = limited({})
    const events = record([fromHex('82 7f0000000000010000'), new Uint8Array(65536)], rules)
    expect(events).toEqual([{ event: 'binary', payload: '00'.repeat(65536) }])
  })

  it('a 63-bit length is merely too large', () => {
    expectEvents('82 7f 7fffffffffffffff', [failure(1009, 'exceeds the limit')])
  })
})

describe('[E5] RFC 6455 §5.4, §5.5: fragments and control frames', () => {
  it('control frames stand between fragments, at every place', () => {
    expectEvents('01 01 61 89 01 31 00 01 62 8a 00 80 00 89 00', [
      { event: 'ping', payload: '31' },
      { event: 'pong', payload: '' },
      { event: 'text', payload: '6162' },
      { event: 'ping', payload: '' },
    ])
  })

  it('empty fragments make a message', () => {
    expectEvents('02 00 00 00 80 00', [{ event: 'binary', payload: '' }])
  })

  it.each([
    ['a continuation without a beginning', '80 00', 'no message to continue'],
    ['a continuation after a whole message', '81 00 00 00', 'no message to continue'],
    ['a new message inside a message', '01 01 61 81 01 62', 'a new message began'],
    ['a fragmented ping', '09 00', 'must not be fragmented'],
    ['a fragmented close', '08 00', 'must not be fragmented'],
    ['a ping of 126 bytes', '89 7e007e', 'at most 125'],
    ['a close of 126 bytes', '88 7e007e', 'at most 125'],
  ])('%s', (_, hex, reason) => {
    const events = record([fromHex(hex)], CLIENT_RULES)
    expectEvents(hex, [...events.slice(0, -1), failure(1002, reason)])
  })

  it('a ping of 125 bytes is fine', () => {
    expectEvents(`89 7d ${'61'.repeat(125)}`, [{ event: 'ping', payload: '61'.repeat(125) }])
  })
})

describe('[E6] RFC 6455 §8.1: text is UTF-8 and fails at its first wrong byte', () => {
  it('characters may be cut anywhere between fragments', () => {
    const text = toHex(encodeUtf8('κόσμε 水 🌊'))
    const fragments = (text.match(/../g) ?? []).map((byte) => `00 01 ${byte}`).join(' ')
    expectEvents(`01 00 ${fragments} 80 00`, [{ event: 'text', payload: text }])
  })

  it.each(['c080', 'eda080', 'f4908080', 'ff', '80', 'f5808080', 'e08080', 'c3'])(
    '%s is not a text',
    (hex) => {
      const length = (hex.length / 2).toString(16).padStart(2, '0')
      expectEvents(`81 ${length} ${hex}`, [failure(1007, 'UTF-8')])
      expectEvents(`01 ${length} ${hex} 80 00`, [failure(1007, 'UTF-8')])
    },
  )

  it('fails before the frame, let alone the message, is complete', () => {
    expect(record([fromHex('01 7e1000 ce ba e1 ff')], CLIENT_RULES)).toEqual([failure(1007, 'UTF-8')])
    expect(record([fromHex('01 02 cebb 00 04 f490')], CLIENT_RULES)).toEqual([failure(1007, 'UTF-8')])
  })

  it('a text must not end within a character', () => {
    expectEvents('01 02 cebb 80 01 ce', [failure(1007, 'within a UTF-8 character')])
  })

  it('binary messages are not looked at', () => {
    expectEvents('82 02 c080', [{ event: 'binary', payload: 'c080' }])
  })

  it('long texts that are wrong late, with and without a native validator', () => {
    const text = Uint8Array.from([...encodeUtf8('é水🌊a'.repeat(400)), 0xc3])
    for (const isNative of [undefined, isUtf8]) {
      const rules = { ...SERVER_RULES, isUtf8: isNative }
      for (const chunks of waysToCut(masked([0x81, text]), 20, 5)) {
        expect(record(chunks, rules)).toEqual([failure(1007, 'UTF-8')])
      }
    }
  })
})

describe('[E7] RFC 6455 §5.5.1, §7.4: Close frames', () => {
  it('are read with and without code and reason', () => {
    expectEvents('88 00', [{ event: 'close', code: 1005, reason: '' }])
    expectEvents('88 02 03e8', [{ event: 'close', code: 1000, reason: '' }])
    expectEvents('88 05 0fa0 e6b0b4', [{ event: 'close', code: 4000, reason: '水' }])
  })

  it('nothing is told after one', () => {
    expectEvents('88 00 81 01 61 ff ff ff', [{ event: 'close', code: 1005, reason: '' }])
  })

  it.each([
    ['half a code', '88 01 03', 1002],
    ['1004', '88 02 03ec', 1002],
    ['1005', '88 02 03ed', 1002],
    ['1006', '88 02 03ee', 1002],
    ['1015', '88 02 03f7', 1002],
    ['999', '88 02 03e7', 1002],
    ['2999', '88 02 0bb7', 1002],
    ['5000', '88 02 1388', 1002],
    ['a reason that is not UTF-8', '88 04 03e8 c080', 1007],
    ['a reason cut within a character', '88 03 03e8 c3', 1007],
  ])('%s', (_, hex, code) => {
    expectEvents(hex, [failure(code, '.')])
  })
})

describe('[E8] limits', () => {
  it('a frame that announces too much fails before its payload', () => {
    const rules = limited({ maxFrameBytes: 125 })
    expectEvents('82 7e007e', [failure(1009, 'a frame of 126 bytes exceeds the limit of 125')], rules)
    expectEvents(`82 7d ${'00'.repeat(125)}`, [{ event: 'binary', payload: '00'.repeat(125) }], rules)
  })

  it('a message that grows too large fails at the fragment that says so', () => {
    const rules = limited({ maxMessageBytes: 4 })
    expectEvents('02 03 010203 80 01 04', [{ event: 'binary', payload: '01020304' }], rules)
    expectEvents(
      '02 03 010203 80 02',
      [failure(1009, 'a message of 5 bytes or more exceeds the limit of 4')],
      rules,
    )
    expectEvents('82 05', [failure(1009, 'a message of 5 bytes')], rules)
  })

  it('control frames do not count', () => {
    const rules = limited({ maxMessageBytes: 2, maxFrameBytes: 2 })
    expectEvents(
      '02 02 0102 89 03 616263 80 00',
      [
        { event: 'ping', payload: '616263' },
        { event: 'binary', payload: '0102' },
      ],
      rules,
    )
  })

  it('a message has a bounded number of fragments', () => {
    const rules = limited({ maxFragments: 3 })
    expectEvents('02 00 00 00 80 00', [{ event: 'binary', payload: '' }], rules)
    expectEvents('02 00 00 00 00 00 80 00', [failure(1008, '3 fragments at most')], rules)
  })

  it('memory follows what arrived, not what was announced', () => {
    const before = process.memoryUsage().arrayBuffers
    const parsers = Array.from({ length: 100 }, () => {
      const parser = new FrameParser(new FrameRecorder(), CLIENT_RULES)
      parser.receive(fromHex('82 7f0000000000100000 01'))
      return parser
    })
    const held = process.memoryUsage().arrayBuffers - before
    expect(held / parsers.length).toBeLessThan(16 * 1024)
  })
})

describe('[E9] who owns the bytes', () => {
  it('a message that arrived in one chunk is a view of that chunk', () => {
    const payloads: Uint8Array[] = []
    const recorder = new FrameRecorder()
    recorder.onMessage = (_, payload) => void payloads.push(payload)
    const parser = new FrameParser(recorder, SERVER_RULES)
    const chunk = masked([0x82, 'one'], [0x81, 'two'])
    parser.receive(chunk)
    expect(payloads.map(({ buffer }) => buffer === chunk.buffer)).toEqual([true, true])
    const header = masked([0x82, 'three'])
    const rest = header.slice(6)
    parser.receive(header.subarray(0, 6))
    parser.receive(rest)
    expect(payloads[2]?.buffer === rest.buffer).toBe(true)
  })
})

describe('[E10] re-entrancy of the parser', () => {
  it('a callback may stop it: nothing more is told of the chunk in hand', () => {
    const recorder = new FrameRecorder()
    const parser = new FrameParser(recorder, SERVER_RULES)
    let messages = 0
    recorder.onMessage = () => {
      messages += 1
      parser.stop()
    }
    for (const bytes of [masked([0x82, 'one'], [0x82, 'two'], [0x83, ''])]) parser.receive(bytes)
    expect([messages, recorder.events]).toEqual([1, []])
  })

  it('a callback must not call receive()', () => {
    const recorder = new FrameRecorder()
    const parser = new FrameParser(recorder, SERVER_RULES)
    recorder.onMessage = () => parser.receive(new Uint8Array(1))
    expect(() => parser.receive(masked([0x82, 'one']))).toThrow('must not be called from a callback')
  })

  it('what a callback throws comes out of receive(), and the rest is discarded', () => {
    const recorder = new FrameRecorder()
    const parser = new FrameParser(recorder, SERVER_RULES)
    recorder.onMessage = () => {
      throw new Error('handler')
    }
    expect(() => parser.receive(masked([0x82, 'one'], [0x89, 'p']))).toThrow('handler')
    parser.receive(masked([0x89, 'q']))
    expect(recorder.events).toEqual([])
  })
})
