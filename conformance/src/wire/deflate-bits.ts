/** Writes DEFLATE blocks by hand (RFC 1951), for the shapes zlib never produces on request. */
export class DeflateBits {
  readonly #octets: number[] = []
  #buffer = 0
  #count = 0

  /** RFC 1951 §3.2.4: a stored block. */
  stored(data: Uint8Array, final = false): this {
    this.#header(0, final)
    this.#align()
    const { length } = data
    this.#octets.push(length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff, ...data)
    return this
  }

  /** A block with the fixed codes and literals only. */
  literals(data: Uint8Array, final = false): this {
    this.#header(1, final)
    for (const octet of data) this.#literal(octet)
    this.#code(0, 7)
    return this
  }

  /** A fixed block: these literals, then one match of three octets `distance` back. */
  match(data: Uint8Array, distance: 1 | 2 | 3 | 4): this {
    this.#header(1, false)
    for (const octet of data) this.#literal(octet)
    // Length code 257 (three octets) is 0000001; distance codes 0–3 stand for distances 1–4 in five bits.
    this.#code(1, 7)
    this.#code(distance - 1, 5)
    this.#code(0, 7)
    return this
  }

  /** A block header with the reserved type 3. */
  reservedBlock(): this {
    this.#header(3, false)
    return this
  }

  /** A dynamic block whose code lengths describe more codes than there is room for. */
  oversubscribed(): this {
    this.#header(2, false)
    this.#bits(0, 5)
    this.#bits(0, 5)
    this.#bits(15, 4)
    for (let i = 0; i < 19; i++) this.#bits(1, 3)
    return this
  }

  /** RFC 7692 §7.2.1: an empty stored block would follow; its last four octets are left out. */
  message(): Uint8Array {
    this.#header(0, false)
    this.#align()
    return Uint8Array.from(this.#octets)
  }

  /** What has been written, padded to an octet, without the empty stored block. */
  raw(): Uint8Array {
    this.#align()
    return Uint8Array.from(this.#octets)
  }

  #header(type: number, final: boolean): void {
    this.#bits(final ? 1 : 0, 1)
    this.#bits(type, 2)
  }

  /** RFC 1951 §3.2.6. */
  #literal(octet: number): void {
    if (octet < 144) this.#code(0x30 + octet, 8)
    else this.#code(0x190 + octet - 144, 9)
  }

  /** Huffman codes are packed starting with their most significant bit (RFC 1951 §3.1.1). */
  #code(value: number, length: number): void {
    for (let i = length - 1; i >= 0; i--) this.#bits((value >> i) & 1, 1)
  }

  #bits(value: number, count: number): void {
    for (let i = 0; i < count; i++) {
      this.#buffer |= ((value >> i) & 1) << this.#count
      if (++this.#count === 8) this.#align()
    }
  }

  #align(): void {
    if (this.#count === 0) return
    this.#octets.push(this.#buffer)
    this.#buffer = 0
    this.#count = 0
  }
}
