import { expect, it } from 'vitest'
import { FrameRecorder, record, SERVER_RULES, waysToCut } from '../../test/frame-recorder.js'
import { encodeClose, encodeFrame } from './frame.js'
import { FrameParser } from './frame-parser.js'
import { encodeUtf8 } from './utf8.js'

const KEY = 0x3d21fa37
const frames: readonly (readonly [head: number, payload: Uint8Array])[] = [
  [0x81, encodeUtf8('one')],
  [0x89, encodeUtf8('ping')],
  [0x01, encodeUtf8('tw')],
  [0x8a, encodeUtf8('pong')],
  [0x80, encodeUtf8('o')],
  [0x82, new Uint8Array(300)],
  [0x81, encodeUtf8('')],
  [0x88, encodeClose(1000, 'bye')],
]

/** Has its parser hold after each so many events. */
class Holding extends FrameRecorder {
  readonly parser = new FrameParser(this, SERVER_RULES)
  readonly #every: number

  constructor(every: number) {
    super()
    this.#every = every
  }

  override onMessage(...event: Parameters<FrameRecorder['onMessage']>): void {
    super.onMessage(...event)
    this.#hold()
  }
  override onPing(payload: Uint8Array): void {
    super.onPing(payload)
    this.#hold()
  }
  override onPong(payload: Uint8Array): void {
    super.onPong(payload)
    this.#hold()
  }

  #hold(): void {
    if (this.events.length % this.#every === 0) this.parser.hold()
  }
}

it('[E36] the same bytes give the same events, however often and wherever a callback has it hold', () => {
  const bytes = Uint8Array.from(frames.flatMap(([head, payload]) => [...encodeFrame(head, payload, KEY)]))
  const whole = record([bytes])
  let parts = 0
  for (const chunks of waysToCut(bytes, 40, 3))
    for (let every = 1; every < 4; every++) {
      const { parser, events } = new Holding(every)
      // Without a chunk in hand there is nothing to hold.
      parser.hold()
      for (const chunk of chunks)
        for (let rest = chunk.slice(); rest.length > 0; parts++) {
          const read = parser.receive(rest)
          expect(read).toBeGreaterThan(0)
          rest = rest.subarray(read)
        }
      expect(events).toEqual(whole)
    }
  expect(parts).toBeGreaterThan(1000)
})
