import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../test/frame-recorder.js'
import { DEFAULT_DEFLATE_OPTIONS, ProtocolFailure } from '../websocket/index.js'
import { DEFAULT_DEFLATE_SETTINGS, deflateMessage, inflateMessage, LinkCompression } from './deflate.js'
import { shareFrame } from './shared-frame.js'
import { SlidingWindow } from './sliding-window.js'

const WHOLE = { limit: 1_000_000, windowBits: 15 }
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (digits: string): Buffer => Buffer.from(digits.replace(/ /g, ''), 'hex')

function failureOf(run: () => unknown): number {
  try {
    run()
  } catch (error) {
    if (error instanceof ProtocolFailure) return error.code
    throw error
  }
  return 0
}

describe('[E16] RFC 7692 §7.2.3: the examples of the standard', () => {
  it.each([
    ['§7.2.3.1: one block', 'f2 48 cd c9 c9 07 00'],
    ['§7.2.3.3: a block without compression', '00 05 00 fa ff 48 65 6c 6c 6f 00'],
    ['§7.2.3.4: a block marked final', 'f3 48 cd c9 c9 07 00 00'],
    ['§7.2.3.5: two blocks', 'f2 48 05 00 00 00 ff ff ca c9 c9 07 00'],
    ['a final block, and the filling left out', 'f3 48 cd c9 c9 07 00'],
  ])('%s', (_, payload) => {
    expect(inflateMessage(bytes(payload), WHOLE).toString()).toBe('Hello')
  })

  it('§7.2.3.2: the same message again, referring to the one before', () => {
    const dictionary = Buffer.from('Hello')
    expect(inflateMessage(bytes('f2 00 11 00 00'), { ...WHOLE, dictionary }).toString()).toBe('Hello')
    expect(failureOf(() => inflateMessage(bytes('f2 00 11 00 00'), WHOLE))).toBe(1007)
  })

  it('§7.2.3.4: what follows a final block may refer to what stands before it', () => {
    const first = deflateRawSync('Hello, hello, hello!')
    const second = deflateMessage(Buffer.from('Hello, hello, hello!'), {
      windowBits: 15,
      level: 9,
      dictionary: Buffer.from('Hello, hello, hello!'),
    })
    expect(second.length).toBeLessThan(10)
    const message = inflateMessage(Buffer.concat([first, second]), WHOLE)
    expect(message.toString()).toBe('Hello, hello, hello!Hello, hello, hello!')
  })

  it('§7.2.3.6: an empty message', () => {
    expect(hex(deflateMessage(Buffer.alloc(0), { windowBits: 15, level: 6 }))).toBe('00')
    expect(inflateMessage(bytes('00'), WHOLE)).toHaveLength(0)
    expect(inflateMessage(bytes(''), WHOLE)).toHaveLength(0)
  })

  it('§7.2.1: the tail of the flush is left out', () => {
    expect(hex(deflateMessage(Buffer.from('Hello'), { windowBits: 15, level: 6 }))).toBe('f248cdc9c90700')
  })

  it.each(['ff', 'ffff', '06', 'f3', 'f2ffffffff', 'f248cdc9', 'f248cdc9c907', '0005'])(
    '%s is not DEFLATE, or not all of it: 1007',
    (payload) => {
      expect(failureOf(() => inflateMessage(bytes(payload), WHOLE))).toBe(1007)
    },
  )
})

describe('[E8] inflation is bounded while inflating', () => {
  it('a bomb is refused with 1009 before it is inflated', () => {
    const bomb = deflateMessage(Buffer.alloc(50_000_000), { windowBits: 15, level: 9 })
    expect(bomb.length).toBeLessThan(60_000)
    const before = process.memoryUsage().rss
    expect(failureOf(() => inflateMessage(bomb, { limit: 1_000_000, windowBits: 15 }))).toBe(1009)
    expect(process.memoryUsage().rss - before).toBeLessThan(20_000_000)
  })

  it('a message of exactly the limit passes, one byte more does not', () => {
    const payload = deflateMessage(Buffer.alloc(1000, 'x'), { windowBits: 15, level: 6 })
    expect(inflateMessage(payload, { limit: 1000, windowBits: 15 })).toHaveLength(1000)
    expect(failureOf(() => inflateMessage(payload, { limit: 999, windowBits: 15 }))).toBe(1009)
  })

  it('a message of nothing but final blocks is refused, for each costs a stream', () => {
    expect(failureOf(() => inflateMessage(Buffer.alloc(100_000, bytes('0300')), WHOLE))).toBe(1007)
    expect(inflateMessage(Buffer.alloc(20, bytes('0300')), WHOLE)).toHaveLength(0)
  })

  it('many final blocks do not add up beyond it', () => {
    const block = deflateRawSync(Buffer.alloc(600, 'x'))
    expect(
      failureOf(() => inflateMessage(Buffer.concat([block, block]), { limit: 1000, windowBits: 15 })),
    ).toBe(1009)
    expect(inflateMessage(Buffer.concat([block, block]), { limit: 1200, windowBits: 15 })).toHaveLength(1200)
  })
})

/** Text like that of an application: repetitive, with something new in every message. */
function messages(count: number, seed: number): Buffer[] {
  const random = seededRandom(seed)
  const words = ['order', 'filled', 'symbol', 'price', 'lobby', 'quantity', '水', 'grüße']
  return Array.from({ length: count }, (_, index) => {
    const body = Array.from({ length: 5 + random(120) }, () => `${words[random(words.length)]}:${random(50)}`)
    return Buffer.from(JSON.stringify({ id: index, body }))
  })
}

describe('[E32] RFC 7692 §7.1.2: windows', () => {
  const sizes = [8, 9, 10, 12, 15]

  it.each(sizes)('with 2^%i no reference reaches back further, with a window kept or not', (windowBits) => {
    const window = new SlidingWindow(windowBits)
    const kept: Buffer[] = []
    let furthest = 0
    for (const message of messages(200, windowBits)) {
      const deflated = deflateMessage(message, { windowBits, level: 9, dictionary: window.view() })
      kept.push(Buffer.concat([deflated, bytes('0000ffff')]))
      window.append(message)
      const alone = deflateMessage(message, { windowBits, level: 6 })
      furthest = Math.max(furthest, longestDistance(Buffer.concat([alone, bytes('0000ffff')])))
    }
    expect(furthest).toBeLessThanOrEqual(2 ** windowBits)
    expect(longestDistance(Buffer.concat(kept))).toBeLessThanOrEqual(2 ** windowBits)
    // And the messages together are one DEFLATE stream: the way an ordinary peer reads them.
    const stream = inflateRawSync(Buffer.concat([...kept, bytes('010000ffff')]), {
      windowBits: Math.max(9, windowBits),
    })
    expect(stream.equals(Buffer.concat(messages(200, windowBits)))).toBe(true)
  })

  it.each(sizes)(
    'both ends keep theirs in step, with 2^%i, also around messages that went uncompressed',
    (bits) => {
      const agreement = {
        serverContextTakeover: true,
        clientContextTakeover: true,
        serverMaxWindowBits: bits,
        clientMaxWindowBits: bits,
      }
      const settings = { thresholdBytes: 400, level: 6 }
      const server = new LinkCompression(agreement, 'server', settings)
      const client = new LinkCompression(agreement, 'client', settings)
      let compressed = 0
      for (const message of messages(300, bits)) {
        for (const [from, to] of [
          [server, client],
          [client, server],
        ] as const) {
          const deflated = from.deflate(message)
          if (deflated === null) continue
          compressed += 1
          expect(Buffer.from(to.inflate(deflated, 1_000_000)).equals(message)).toBe(true)
        }
      }
      expect(compressed).toBeGreaterThan(100)
      expect(compressed).toBeLessThan(600)
    },
  )

  it('a window that is kept makes messages smaller', () => {
    const options = { ...DEFAULT_DEFLATE_OPTIONS, serverContextTakeover: true }
    const settings = { ...DEFAULT_DEFLATE_SETTINGS, thresholdBytes: 0 }
    const keeping = new LinkCompression(options, 'server', settings)
    const forgetting = new LinkCompression(DEFAULT_DEFLATE_OPTIONS, 'server', settings)
    const total = (by: LinkCompression): number =>
      messages(100, 3).reduce((sum, message) => sum + (by.deflate(message)?.length ?? message.length), 0)
    expect(total(keeping)).toBeLessThan(total(forgetting) * 0.7)
  })

  it('a sliding window holds the last bytes of what went through, whatever the sizes', () => {
    const random = seededRandom(9)
    for (const windowBits of [8, 10, 15]) {
      const window = new SlidingWindow(windowBits)
      let all = Buffer.alloc(0)
      for (let index = 0; index < 300; index += 1) {
        const part = Buffer.from(
          Uint8Array.from({ length: random(random(10) === 0 ? 40_000 : 300) }, () => random(256)),
        )
        window.append(part)
        all = Buffer.concat([all, part]).subarray(-(2 ** 15))
        if (!window.view().equals(all.subarray(-(2 ** windowBits)))) expect.fail(`after ${index} parts`)
      }
    }
  })
})

describe('[E33] compressed once and shared', () => {
  const long = JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index })))

  it('links with the same window share one compressed frame', () => {
    const frame = shareFrame('text', long)
    const links = [1, 2, 3].map(
      () => new LinkCompression(DEFAULT_DEFLATE_OPTIONS, 'server', DEFAULT_DEFLATE_SETTINGS),
    )
    const frames = links.map((link) => link.shared(frame))
    expect(new Set(frames).size).toBe(1)
    expect(frames[0]?.[0]).toBe(0xc1)
    expect(frames[0]?.length).toBeLessThan(long.length / 2)
    const narrow = { ...DEFAULT_DEFLATE_OPTIONS, serverMaxWindowBits: 9 }
    const other = new LinkCompression(narrow, 'server', DEFAULT_DEFLATE_SETTINGS).shared(frame)
    expect(other === frames[0]).toBe(false)
  })

  it('what is small, or does not shrink, goes as it is', () => {
    const link = new LinkCompression(DEFAULT_DEFLATE_OPTIONS, 'server', DEFAULT_DEFLATE_SETTINGS)
    const small = shareFrame('text', 'small')
    expect(link.shared(small) === small.bytes).toBe(true)
    const random = seededRandom(1)
    const noise = shareFrame(
      'binary',
      Uint8Array.from({ length: 5000 }, () => random(256)),
    )
    expect(link.shared(noise) === noise.bytes).toBe(true)
    expect(link.deflate(noise.payload)).toBeNull()
  })

  it('a shared frame between others keeps the windows in step', () => {
    const options = { ...DEFAULT_DEFLATE_OPTIONS, serverContextTakeover: true }
    const server = new LinkCompression(options, 'server', DEFAULT_DEFLATE_SETTINGS)
    const client = new LinkCompression(options, 'client', DEFAULT_DEFLATE_SETTINGS)
    for (const [index, message] of messages(60, 4).entries()) {
      const deflated =
        index % 3 === 0 ? payloadOf(server.shared(shareFrame('text', message))) : server.deflate(message)
      if (deflated !== null) expect(Buffer.from(client.inflate(deflated, 100_000)).equals(message)).toBe(true)
    }
  })
})

/** The payload of a compressed frame; null for one that is not. */
function payloadOf(frame: Buffer): Buffer | null {
  if (frame[0] !== 0xc1) return null
  return frame.subarray((frame[1] ?? 0) < 126 ? 2 : 4)
}

/** How far back the references of a DEFLATE stream reach at most (RFC 1951): reads its codes, and forgets its bytes. */
function longestDistance(stream: Buffer): number {
  let at = 0
  const bits = (count: number): number => {
    let value = 0
    for (let index = 0; index < count; index += 1, at += 1)
      value |= (((stream[at >> 3] ?? 0) >> (at & 7)) & 1) << index
    return value
  }
  const symbol = (codes: ReadonlyMap<number, number>): number => {
    for (let code = 1; ; ) {
      code = (code << 1) | bits(1)
      const found = codes.get(code)
      if (found !== undefined) return found
      if (code > 0x1ffff) throw new Error('not DEFLATE')
    }
  }
  let longest = 0
  while (at >> 3 < stream.length - 1) {
    bits(1)
    const type = bits(2)
    if (type === 0) {
      at = (at + 7) & ~7
      const length = bits(16)
      at += 16 + length * 8
      continue
    }
    const [literals, distances] = type === 1 ? fixedCodes() : dynamicCodes(bits, symbol)
    for (let code = symbol(literals); code !== 256; code = symbol(literals)) {
      if (code < 256) continue
      bits(code < 265 || code === 285 ? 0 : (code - 261) >> 2)
      const distance = symbol(distances)
      const extra = distance < 4 ? 0 : (distance - 2) >> 1
      const base = distance < 4 ? distance + 1 : ((2 + (distance & 1)) << extra) + 1
      longest = Math.max(longest, base + bits(extra))
    }
  }
  return longest
}

type Codes = ReadonlyMap<number, number>

/** Canonical Huffman codes, each with a leading 1 so that its length is part of it. RFC 1951 §3.2.2. */
function codesOf(lengths: readonly number[]): Codes {
  const codes = new Map<number, number>()
  let code = 0
  for (let length = 1; length <= 15; length += 1) {
    for (const [value, each] of lengths.entries()) {
      if (each !== length) continue
      codes.set((1 << length) | code, value)
      code += 1
    }
    code <<= 1
  }
  return codes
}

function fixedCodes(): readonly [Codes, Codes] {
  const lengths = Array.from({ length: 288 }, (_, value) =>
    value < 144 ? 8 : value < 256 ? 9 : value < 280 ? 7 : 8,
  )
  return [codesOf(lengths), codesOf(Array.from({ length: 30 }, () => 5))]
}

/** RFC 1951 §3.2.7. */
function dynamicCodes(
  bits: (count: number) => number,
  symbol: (codes: Codes) => number,
): readonly [Codes, Codes] {
  const literals = bits(5) + 257
  const distances = bits(5) + 1
  const order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
  const lengthLengths = Array.from({ length: 19 }, () => 0)
  for (let count = bits(4) + 4, index = 0; index < count; index += 1)
    lengthLengths[order[index] ?? 0] = bits(3)
  const lengthCodes = codesOf(lengthLengths)
  const lengths: number[] = []
  while (lengths.length < literals + distances) {
    const code = symbol(lengthCodes)
    if (code < 16) lengths.push(code)
    else if (code === 16) lengths.push(...Array.from({ length: 3 + bits(2) }, () => lengths.at(-1) ?? 0))
    else lengths.push(...Array.from({ length: code === 17 ? 3 + bits(3) : 11 + bits(7) }, () => 0))
  }
  return [codesOf(lengths.slice(0, literals)), codesOf(lengths.slice(literals))]
}
