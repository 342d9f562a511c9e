/** Reading and writing the Protocol Buffers wire format: varints, lengths, nesting. Numbers are safe integers. */
import { fail, type Utf8 } from './dialect.js'

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

/** A writer keeps its buffer between frames, but not one this much larger than an ordinary frame. */
const LARGEST_KEPT = 65_536

export class Writer {
  readonly #utf8: Utf8
  #buffer = new Uint8Array(512)
  #at = 0

  constructor(utf8: Utf8) {
    this.#utf8 = utf8
  }

  uint(no: number, value: number): void {
    this.#varint(no * 8 + VARINT)
    this.#varint(value)
  }

  text(no: number, text: string): void {
    // Most texts are names: short and ASCII. They are written here, without a call into the platform and a copy.
    if (text.length > 127 || !this.#ascii(no, text)) this.bytes(no, this.#utf8.encode(text))
  }

  bytes(no: number, bytes: Uint8Array): void {
    this.#varint(no * 8 + LENGTH)
    this.#varint(bytes.length)
    this.raw(bytes)
  }

  /** Fields that were written before. */
  raw(fields: Uint8Array): void {
    this.#room(fields.length)
    this.#buffer.set(fields, this.#at)
    this.#at += fields.length
  }

  /** Fields written apart from this frame, for `raw`. */
  apart(write: (to: Writer) => void): Uint8Array {
    const writer = new Writer(this.#utf8)
    write(writer)
    return writer.finish()
  }

  /** Writes a nested message. Its length is known only afterwards: one byte is left for it, and more are made when it needs more. */
  nested(no: number, write: () => void): void {
    this.#varint(no * 8 + LENGTH)
    this.#room(1)
    const start = ++this.#at
    write()
    const length = this.#at - start
    let extra = 0
    for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) extra++
    if (extra > 0) {
      this.#room(extra)
      this.#buffer.copyWithin(start + extra, start, this.#at)
    }
    this.#at = start - 1
    this.#varint(length)
    this.#at += length
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#at)
  }

  /** Makes the writer ready for another frame. */
  reset(): void {
    this.#at = 0
    if (this.#buffer.length > LARGEST_KEPT) this.#buffer = new Uint8Array(512)
  }

  /** Writes a text of at most 127 characters, or nothing when not all of them are ASCII. */
  #ascii(no: number, text: string): boolean {
    const start = this.#at
    this.#varint(no * 8 + LENGTH)
    this.#room(text.length + 1)
    this.#buffer[this.#at++] = text.length
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 127) {
        this.#at = start
        return false
      }
      this.#buffer[this.#at++] = unit
    }
    return true
  }

  #varint(value: number): void {
    this.#room(10)
    while (value > 127) {
      this.#buffer[this.#at++] = (value % 128) | 128
      value = Math.floor(value / 128)
    }
    this.#buffer[this.#at++] = value
  }

  #room(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2))
    larger.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = larger
  }
}

/** Reads one message: `next()` moves to a field, whose number is `no`; then one of the other methods takes its value. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #utf8: Utf8
  readonly #end: number
  #at: number
  #type = VARINT
  no = 0

  constructor(bytes: Uint8Array, utf8: Utf8, range: readonly [start: number, end: number]) {
    this.#bytes = bytes
    this.#utf8 = utf8
    this.#at = range[0]
    this.#end = range[1]
  }

  /** False at the end of the message. */
  next(): boolean {
    if (this.#at >= this.#end) return false
    const tag = this.#varint('frame')
    this.no = Math.floor(tag / 8)
    this.#type = tag % 8
    if (this.no === 0 || this.no > 0x1fffffff) fail('frame', `field number ${this.no} is not allowed`)
    return true
  }

  uint(path: string): number {
    this.#expect(VARINT, path)
    return this.#varint(path)
  }

  /** A view of the frame's memory, not a copy. */
  bytes(path: string): Uint8Array {
    const [start, end] = this.#range(path)
    return this.#bytes.subarray(start, end)
  }

  text(path: string): string {
    return this.utf8(this.bytes(path), path)
  }

  utf8(bytes: Uint8Array, path: string): string {
    try {
      return this.#utf8.decode(bytes)
    } catch {
      return fail(path, 'is not UTF-8')
    }
  }

  nested(path: string): Reader {
    return new Reader(this.#bytes, this.#utf8, this.#range(path))
  }

  /** Passes over a field this version does not know. */
  skip(): void {
    switch (this.#type) {
      case VARINT:
        // A number this version does not read may be any 64-bit one.
        for (let i = 0; this.#byte('frame') >= 128; i++) {
          if (i === 9) fail('frame', 'a number takes more than ten bytes')
        }
        return
      case FIXED64:
        this.#at += 8
        break
      case FIXED32:
        this.#at += 4
        break
      case LENGTH:
        this.#range('frame')
        break
      default:
        fail('frame', `wire type ${this.#type} is not allowed`)
    }
    if (this.#at > this.#end) fail('frame', 'ends in the middle of a field')
  }

  #expect(type: number, path: string): void {
    if (this.#type !== type) fail(path, 'has the wrong wire type')
  }

  #range(path: string): readonly [number, number] {
    this.#expect(LENGTH, path)
    const length = this.#varint(path)
    const start = this.#at
    if (length > this.#end - start) fail(path, `claims ${length} bytes where ${this.#end - start} are left`)
    this.#at = start + length
    return [start, this.#at]
  }

  #byte(path: string): number {
    if (this.#at >= this.#end) fail(path, 'ends in the middle of a number')
    return this.#bytes[this.#at++] ?? 0
  }

  #varint(path: string): number {
    let value = 0
    let scale = 1
    // Seven bits a byte: ten bytes hold 64 bits. What does not fit in 53 of them has made the sum unsafe, however it was rounded.
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte(path)
      value += (byte & 127) * scale
      if (byte < 128) return Number.isSafeInteger(value) ? value : fail(path, TOO_LARGE)
      scale *= 128
    }
    return fail(path, TOO_LARGE)
  }
}

const TOO_LARGE = 'must be a whole number from 0 to 2^53-1'
