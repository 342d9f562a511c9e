import type { Role, SubjectOptions } from '../../model.js'
import type { Fault, Faults } from './faults.js'
import { Utf8Checker } from './utf8.js'

/** What fails a connection: the code to close it with. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly code: number

  constructor(code: number, why: string) {
    super(why)
    this.code = code
  }
}

/** What the reader finds. Control frames come as they are; messages come whole, still compressed when `compressed`. */
export interface FrameSink {
  control(opcode: number, payload: Uint8Array): void
  message(message: {
    readonly text: boolean
    readonly compressed: boolean
    readonly payload: Uint8Array
  }): void
}

interface Head {
  readonly fin: boolean
  readonly rsv: number
  readonly opcode: number
  readonly length: number
  readonly key: Uint8Array | undefined
}

interface Unfinished {
  readonly text: boolean
  readonly compressed: boolean
  readonly octets: number[]
  fragments: number
  utf8: Utf8Checker
}

export interface ReaderSettings {
  readonly role: Role
  readonly options: SubjectOptions
  readonly deflate: boolean
  readonly faults: Faults
  readonly sink: FrameSink
}

/** Reads frames one octet after the other: slow, and the same however the octets were cut into chunks. */
export class ReferenceReader {
  readonly #settings: ReaderSettings
  #headOctets: number[] = []
  #head: Head | undefined
  /** Of a control frame. */
  #body: number[] = []
  #received = 0
  #unfinished: Unfinished | undefined

  constructor(settings: ReaderSettings) {
    this.#settings = settings
  }

  /** Throws Failure. */
  push(chunk: Uint8Array): void {
    // The mistake of parsers that were only ever given whole frames.
    if (this.#settings.faults.has('losesSplitHeaders') && this.#head === undefined) this.#headOctets = []
    for (const octet of chunk) {
      if (this.#head === undefined) this.#headOctet(octet)
      else this.#payloadOctet(octet, this.#head)
    }
  }

  #has(fault: Fault): boolean {
    return this.#settings.faults.has(fault)
  }

  #headOctet(octet: number): void {
    this.#headOctets.push(octet)
    const [first, second] = this.#headOctets
    if (first === undefined || second === undefined) return
    this.#checkStart(first, second)
    const form = second & 0x7f
    const lengthSize = form === 126 ? 2 : form === 127 ? 8 : 0
    const masked = (second & 0x80) !== 0
    if (this.#headOctets.length < 2 + lengthSize) return
    const length = lengthSize === 0 ? form : this.#longLength(lengthSize)
    this.#checkSize(first & 0x0f, length)
    if (this.#headOctets.length < 2 + lengthSize + (masked ? 4 : 0)) return
    const key = masked ? Uint8Array.from(this.#headOctets.slice(-4)) : undefined
    const head = { fin: (first & 0x80) !== 0, rsv: (first >> 4) & 7, opcode: first & 0x0f, length, key }
    this.#headOctets = []
    this.#begin(head)
  }

  /** What the first two octets alone decide. */
  #checkStart(first: number, second: number): void {
    const opcode = first & 0x0f
    const rsv = (first >> 4) & 7
    const carrier = opcode === 1 || opcode === 2 || (opcode === 0 && this.#has('acceptsRsv1OnContinuation'))
    const allowed = this.#settings.deflate && carrier ? 4 : 0
    this.#unless((rsv & ~allowed) === 0, 'ignoresReservedBits')
    this.#unless([0, 1, 2, 8, 9, 10].includes(opcode), 'ignoresReservedOpcodes')
    const masked = (second & 0x80) !== 0
    this.#unless(masked === (this.#settings.role === 'server'), masked ? 'acceptsMasked' : 'acceptsUnmasked')
    if (opcode >= 8) {
      this.#unless((first & 0x80) !== 0, 'acceptsFragmentedControl')
      this.#unless((second & 0x7f) <= 125, 'acceptsLongControl')
    } else if (opcode === 0) this.#unless(this.#unfinished !== undefined, 'acceptsOrphanContinuation')
    else this.#unless(this.#unfinished === undefined, 'acceptsNestedMessage')
  }

  /** Fails with 1002 when a rule is broken, unless the fault is to tolerate that. */
  #unless(kept: boolean, tolerated: Fault): void {
    if (!kept && !this.#has(tolerated)) throw new Failure(1002, `this reference is not one that ${tolerated}`)
  }

  #longLength(size: 2 | 8): number {
    const length = this.#headOctets.slice(2, 2 + size).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
    if (length >= 2n ** 63n && !this.#has('ignoresTopBitOfLength')) throw new Failure(1002, 'top bit')
    if (length < (size === 2 ? 126n : 65536n) && !this.#has('acceptsLongLengthForms'))
      throw new Failure(1002, 'not minimal')
    return Number(length)
  }

  #checkSize(opcode: number, length: number): void {
    if (opcode >= 8 || this.#has('hasNoLimit') || this.#has('limitsAfterPayload')) return
    const { maxMessage = Number.POSITIVE_INFINITY, maxFrame = Number.POSITIVE_INFINITY } =
      this.#settings.options
    const before = this.#has('limitsFramesOnly') ? 0 : (this.#unfinished?.octets.length ?? 0)
    const limit = this.#has('limitsTooEarly') ? maxMessage - 1 : maxMessage
    if (length > maxFrame || before + length > limit) throw new Failure(1009, 'too long')
  }

  #begin(head: Head): void {
    this.#head = head
    this.#body = []
    this.#received = 0
    if (head.opcode < 8) this.#beginFragment(head)
    if (head.length === 0) this.#finish(head)
  }

  #beginFragment({ opcode, rsv }: Head): void {
    if (this.#unfinished === undefined || opcode !== 0) {
      const compressed = this.#settings.deflate && (rsv & 4) !== 0
      const utf8 = new Utf8Checker(this.#settings.faults)
      this.#unfinished = { text: opcode !== 2, compressed, octets: [], fragments: 0, utf8 }
    } else if (this.#has('checksUtf8ByFragment'))
      this.#unfinished.utf8 = new Utf8Checker(this.#settings.faults)
    const most = this.#settings.options.maxFragments ?? Number.POSITIVE_INFINITY
    if (++this.#unfinished.fragments > most) throw new Failure(1009, 'too many fragments')
  }

  #payloadOctet(masked: number, head: Head): void {
    const octet = head.key === undefined ? masked : masked ^ (head.key[this.#received % 4] ?? 0)
    this.#received++
    if (head.opcode >= 8) this.#body.push(octet)
    const message = this.#unfinished
    if (head.opcode < 8 && message !== undefined) {
      message.octets.push(octet)
      const checked =
        message.text && !message.compressed && !this.#has('ignoresUtf8') && !this.#has('checksUtf8AtTheEnd')
      if (checked && !message.utf8.accepts(octet)) throw new Failure(1007, 'not UTF-8')
    }
    if (this.#received === head.length) this.#finish(head)
  }

  #finish(head: Head): void {
    this.#head = undefined
    if (head.opcode >= 8) {
      if (head.opcode === 9 && this.#has('losesFragmentsAtPing')) this.#unfinished?.octets.splice(0)
      this.#settings.sink.control(head.opcode, Uint8Array.from(this.#body))
      return
    }
    const message = this.#unfinished
    if (message === undefined) return
    const early = this.#has('checksUtf8ByFragment') || head.fin
    if (early && message.text && !message.compressed && !this.#has('ignoresUtf8') && !message.utf8.complete) {
      throw new Failure(1007, 'a code point is unfinished')
    }
    if (!head.fin) return
    this.#unfinished = undefined
    const { text, compressed, octets } = message
    if (
      this.#has('limitsAfterPayload') &&
      octets.length > (this.#settings.options.maxMessage ?? Number.POSITIVE_INFINITY)
    ) {
      throw new Failure(1009, 'too long')
    }
    this.#settings.sink.message({ text, compressed, payload: Uint8Array.from(octets) })
  }
}
