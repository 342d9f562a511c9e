/**
 * An inflater written from RFC 1951, because the suite must see what zlib hides: how far back the subject's
 * matches reach (so that a negotiated window can be judged to the byte), and which blocks it wrote.
 */

export class InflateError extends Error {
  override readonly name = 'InflateError'
}

/** The message is longer than was allowed. */
export class InflateLimit extends Error {
  override readonly name = 'InflateLimit'
}

export interface Inflated {
  readonly output: Uint8Array
  /** The furthest back any match reached, in octets. */
  readonly furthest: number
  readonly blocks: number
}

interface Huffman {
  /** How many codes have each length. */
  readonly counts: Uint16Array
  /** Symbols in the order of their codes. */
  readonly symbols: Uint16Array
}

// RFC 1951 §3.2.5: base and extra bits of length codes 257–285 and of distance codes 0–29.
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
  227, 258,
]
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
  6145, 8193, 12289, 16385, 24577,
]
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]
// RFC 1951 §3.2.7: the order in which code length code lengths are stored.
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/**
 * Inflates one message. `history` is the output that came before it (at most 32 KiB), empty when the sender
 * may not take its context over. More than `limit` octets are an InflateLimit. RFC 7692 §7.2.2: the four octets 00 00 ff ff are put back first.
 */
export function inflateMessage(
  data: Uint8Array,
  history: Uint8Array,
  limit = Number.POSITIVE_INFINITY,
): Inflated {
  const input = new Uint8Array(data.byteLength + 4)
  input.set(data)
  input.set([0, 0, 0xff, 0xff], data.byteLength)
  return new Inflater(input, history, limit).run()
}

class Inflater {
  readonly #input: Uint8Array
  readonly #start: number
  readonly #limit: number
  #output: Uint8Array
  #written: number
  #position = 0
  #bitBuffer = 0
  #bitCount = 0
  #furthest = 0

  constructor(input: Uint8Array, history: Uint8Array, limit: number) {
    this.#input = input
    this.#output = new Uint8Array(Math.max(1024, history.byteLength + input.byteLength * 4))
    this.#output.set(history)
    this.#start = history.byteLength
    this.#limit = limit
    this.#written = history.byteLength
  }

  run(): Inflated {
    let blocks = 0
    // The message ends with the last octet of input; a block with BFINAL set ends only its block (RFC 7692 §7.2.3.4).
    while (this.#position < this.#input.byteLength) {
      const final = this.#bits(1) === 1
      this.#block(this.#bits(2))
      blocks++
      if (final) this.#align()
    }
    return { output: this.#output.slice(this.#start, this.#written), furthest: this.#furthest, blocks }
  }

  #block(type: number): void {
    if (type === 0) this.#stored()
    else if (type === 1) this.#compressed(FIXED_LITERALS, FIXED_DISTANCES)
    else if (type === 2) this.#dynamic()
    else throw new InflateError('block type 3')
  }

  #stored(): void {
    this.#align()
    const length = this.#octet() | (this.#octet() << 8)
    const check = this.#octet() | (this.#octet() << 8)
    if ((length ^ 0xffff) !== check) throw new InflateError('stored length and its complement differ')
    for (let i = 0; i < length; i++) this.#emit(this.#octet())
  }

  #dynamic(): void {
    const literalCount = this.#bits(5) + 257
    const distanceCount = this.#bits(5) + 1
    const lengths = new Uint8Array(19)
    const codeLengths = this.#bits(4) + 4
    for (let i = 0; i < codeLengths; i++) lengths[CODE_LENGTH_ORDER[i] ?? 0] = this.#bits(3)
    const all = this.#codeLengths(buildHuffman(lengths), literalCount + distanceCount)
    this.#compressed(buildHuffman(all.subarray(0, literalCount)), buildHuffman(all.subarray(literalCount)))
  }

  #codeLengths(code: Huffman, total: number): Uint8Array {
    const lengths = new Uint8Array(total)
    let i = 0
    while (i < total) {
      const symbol = this.#symbol(code)
      if (symbol < 16) {
        lengths[i++] = symbol
        continue
      }
      if (symbol === 16 && i === 0) throw new InflateError('a repeat with nothing before it')
      const value = symbol === 16 ? (lengths[i - 1] ?? 0) : 0
      const times = symbol === 16 ? 3 + this.#bits(2) : symbol === 17 ? 3 + this.#bits(3) : 11 + this.#bits(7)
      if (i + times > total) throw new InflateError('code lengths overflow')
      lengths.fill(value, i, i + times)
      i += times
    }
    return lengths
  }

  #compressed(literals: Huffman, distances: Huffman): void {
    for (;;) {
      const symbol = this.#symbol(literals)
      if (symbol === 256) return
      if (symbol < 256) this.#emit(symbol)
      else this.#match(this.#lengthOf(symbol - 257), distances)
    }
  }

  #lengthOf(index: number): number {
    const base = LENGTH_BASE[index]
    if (base === undefined) throw new InflateError('length code 286 or 287')
    return base + this.#bits(LENGTH_EXTRA[index] ?? 0)
  }

  #match(length: number, distances: Huffman): void {
    const index = this.#symbol(distances)
    const base = DISTANCE_BASE[index]
    if (base === undefined) throw new InflateError('distance code 30 or 31')
    const distance = base + this.#bits(DISTANCE_EXTRA[index] ?? 0)
    if (distance > this.#written)
      throw new InflateError(`distance ${distance} reaches before the first octet`)
    this.#furthest = Math.max(this.#furthest, distance)
    for (let i = 0; i < length; i++) this.#emit(this.#output[this.#written - distance] ?? 0)
  }

  #symbol(code: Huffman): number {
    let value = 0
    let first = 0
    let index = 0
    for (let length = 1; length < 16; length++) {
      value |= this.#bits(1)
      const count = code.counts[length] ?? 0
      if (value - count < first) return code.symbols[index + (value - first)] ?? 0
      index += count
      first = (first + count) << 1
      value <<= 1
    }
    throw new InflateError('no such Huffman code')
  }

  #bits(count: number): number {
    while (this.#bitCount < count) {
      this.#bitBuffer |= this.#octet() << this.#bitCount
      this.#bitCount += 8
    }
    const value = this.#bitBuffer & ((1 << count) - 1)
    this.#bitBuffer >>>= count
    this.#bitCount -= count
    return value
  }

  #octet(): number {
    const value = this.#input[this.#position++]
    if (value === undefined) throw new InflateError('the data ends inside a block')
    return value
  }

  #align(): void {
    this.#bitBuffer = 0
    this.#bitCount = 0
  }

  #emit(octet: number): void {
    if (this.#written - this.#start >= this.#limit) throw new InflateLimit(`more than ${this.#limit} octets`)
    if (this.#written === this.#output.byteLength) {
      const bigger = new Uint8Array(this.#written * 2)
      bigger.set(this.#output)
      this.#output = bigger
    }
    this.#output[this.#written++] = octet
  }
}

/** RFC 1951 §3.2.2: codes follow from their lengths alone. */
function buildHuffman(lengths: Uint8Array): Huffman {
  const counts = new Uint16Array(16)
  for (const length of lengths) counts[length] = (counts[length] ?? 0) + 1
  counts[0] = 0
  const offsets = new Uint16Array(16)
  for (let i = 1; i < 15; i++) offsets[i + 1] = (offsets[i] ?? 0) + (counts[i] ?? 0)
  const symbols = new Uint16Array(lengths.length)
  lengths.forEach((length, symbol) => {
    if (length === 0) return
    const at = offsets[length] ?? 0
    symbols[at] = symbol
    offsets[length] = at + 1
  })
  return { counts, symbols }
}

// RFC 1951 §3.2.6: the fixed codes.
const FIXED_LITERALS = buildHuffman(
  Uint8Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8)),
)
const FIXED_DISTANCES = buildHuffman(new Uint8Array(30).fill(5))
