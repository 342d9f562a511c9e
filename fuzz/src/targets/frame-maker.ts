import { concat, utf8 } from '../bytes.js'
import type { Random } from '../random.js'

/** Makes sequences of frames, by RFC 6455 §5.2 and mostly legal: mutations do the rest. */

export interface FrameOptions {
  readonly masked: boolean
  /** Compresses a message's payload; absent when permessage-deflate was not agreed. */
  readonly deflate?: (payload: Uint8Array) => Uint8Array
}

const TEXTS = [
  '',
  'a',
  'hello',
  '€',
  '😀',
  'κόσμε',
  '\u0000',
  '\ufeffbom',
  'x'.repeat(130),
  '日本語'.repeat(40),
]

export function makeFrames(random: Random, options: FrameOptions): Uint8Array {
  const parts: Uint8Array[] = []
  for (let count = 1 + random.int(6); count > 0; count--) parts.push(...makeMessage(random, options))
  if (random.chance(0.3)) parts.push(frame(random, options, { head: 0x88, payload: closePayload(random) }))
  if (random.chance(0.1)) parts.push(...makeMessage(random, options))
  return concat(parts)
}

function makeMessage(random: Random, options: FrameOptions): Uint8Array[] {
  if (random.chance(0.25)) return [controlFrame(random, options)]
  const text = random.chance(0.5)
  const payload = text ? utf8(random.pick(TEXTS)) : random.bytes(random.size(300))
  const compressed = options.deflate !== undefined && random.chance(0.7)
  const wire = compressed ? (options.deflate?.(payload) ?? payload) : payload
  const cuts = Array.from({ length: random.chance(0.4) ? 1 + random.int(4) : 0 }, () =>
    random.int(wire.byteLength + 1),
  )
  const ends = [...cuts.sort((a, b) => a - b), wire.byteLength]
  return ends.flatMap((end, i) => {
    const first = i === 0
    const head =
      (i === ends.length - 1 ? 0x80 : 0) | (first && compressed ? 0x40 : 0) | (first ? (text ? 1 : 2) : 0)
    const data = frame(random, options, { head, payload: wire.subarray(ends[i - 1] ?? 0, end) })
    return random.chance(0.1) ? [data, controlFrame(random, options)] : [data]
  })
}

function controlFrame(random: Random, options: FrameOptions): Uint8Array {
  return frame(random, options, {
    head: random.chance(0.7) ? 0x89 : 0x8a,
    payload: random.bytes(random.int(20)),
  })
}

function closePayload(random: Random): Uint8Array {
  if (random.chance(0.2)) return new Uint8Array(0)
  const code = random.pick([1000, 1001, 1005, 1006, 1011, 1015, 2999, 3000, 4999, 5000])
  return concat([Uint8Array.of(code >> 8, code), utf8(random.pick(TEXTS)).slice(0, 123)])
}

function frame(
  random: Random,
  { masked }: FrameOptions,
  { head, payload }: { readonly head: number; readonly payload: Uint8Array },
): Uint8Array {
  const { byteLength } = payload
  const size =
    byteLength < 126
      ? [byteLength]
      : byteLength < 65536
        ? [126, byteLength >> 8, byteLength]
        : [127, 0, 0, 0, 0, byteLength >>> 24, byteLength >> 16, byteLength >> 8, byteLength]
  const length = Uint8Array.from(size)
  length[0] = (length[0] ?? 0) | (masked ? 0x80 : 0)
  const key = masked ? random.bytes(4) : new Uint8Array(0)
  const body = masked ? payload.map((octet, i) => octet ^ (key[i % 4] ?? 0)) : payload
  return concat([Uint8Array.of(head), length, key, body])
}

/** Where to cut an input into chunks: in small pieces, in large ones, or nowhere. */
export function randomCuts(length: number, random: Random): number[] {
  const step = random.pick([1, 2, 3, 7, 40, 400])
  const cuts: number[] = []
  for (let at = 1 + random.int(step); at < length; at += 1 + random.int(step)) cuts.push(at)
  return cuts
}
