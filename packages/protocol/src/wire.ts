/** Reading and writing the Protocol Buffers wire format: varints, lengths, nesting. Numbers are safe integers. */
import type { Utf8 } from './dialect.js'
import { fail } from './dialect.js'

export const VARINT = 0
export const FIXED64 = 1
export const LENGTH = 2
export const FIXED32 = 5

export interface Tag {
  readonly no: number
  readonly type: number
}

export class Writer {
  readonly #utf8: Utf8
  #buffer = new Uint8Array(256)
  #at = 0

  constructor(utf8: Utf8) {
    this.#utf8 = utf8
  }

  uint(no: number, value: number): void {
    this.#varint(no * 8 + VARINT)
    this.#varint(value)
  }

  text(no: number, text: string): void {
    this.bytes(no, this.#utf8.encode(text))
  }

  bytes(no: number, bytes: Uint8Array): void {
    this.#varint(no * 8 + LENGTH)
    this.#varint(bytes.length)
    this.#room(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Writes a nested message, whose length is known only afterwards: it is written aside of one byte, then moved if it needs more. */
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

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#at)
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

export class Reader {
  readonly #bytes: Uint8Array
  readonly #utf8: Utf8
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, utf8: Utf8, range: readonly [number, number] = [0, bytes.length]) {
    this.#bytes = bytes
    this.#utf8 = utf8
    this.#at = range[0]
    this.#end = range[1]
  }

  more(): boolean {
    return this.#at < this.#end
  }

  tag(): Tag {
    const value = this.#varint('frame')
    const no = Math.floor(value / 8)
    if (no === 0 || no > 0x1fffffff) fail('frame', `field number ${no} is not allowed`)
    return { no, type: value % 8 }
  }

  uint(path: string): number {
    return this.#varint(path)
  }

  bytes(): Uint8Array {
    const [start, end] = this.#range()
    return this.#bytes.subarray(start, end)
  }

  text(path: string): string {
    return this.utf8(this.bytes(), path)
  }

  utf8(bytes: Uint8Array, path: string): string {
    try {
      return this.#utf8.decode(bytes)
    } catch {
      return fail(path, 'is not UTF-8')
    }
  }

  nested(): Reader {
    return new Reader(this.#bytes, this.#utf8, this.#range())
  }

  /** Passes over a field this version does not know. */
  skip(tag: Tag): void {
    switch (tag.type) {
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
        this.#range()
        break
      default:
        fail('frame', `wire type ${tag.type} is not allowed`)
    }
    if (this.#at > this.#end) fail('frame', 'ends in the middle of a field')
  }

  #range(): readonly [number, number] {
    const length = this.#varint('frame')
    const start = this.#at
    if (length > this.#end - start)
      fail('frame', `a field claims ${length} bytes where ${this.#end - start} are left`)
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
    for (let i = 0; i < 8; i++) {
      const byte = this.#byte(path)
      value += (byte & 127) * scale
      if (byte < 128) {
        if (!Number.isSafeInteger(value)) fail(path, 'must be a whole number from 0 to 2^53-1')
        return value
      }
      scale *= 128
    }
    return fail(path, 'must be a whole number from 0 to 2^53-1')
  }
}
