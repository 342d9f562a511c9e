import type { Duplex } from 'node:stream'
import type { CloseReport, Role, SubjectOptions } from '../../model.js'
import { concat, noise } from '../../wire/bytes.js'
import type { DeflateAgreement } from '../../wire/deflate-params.js'
import { createFrameWriter, type FrameSpec } from '../../wire/frame.js'
import { ReferenceDeflate } from './deflate.js'
import type { Fault, Faults } from './faults.js'
import { Failure, ReferenceReader } from './frame-reader.js'
import { isUtf8 } from './utf8.js'

export interface EndpointSettings {
  readonly stream: Duplex
  readonly role: Role
  readonly options: SubjectOptions
  readonly faults: Faults
  readonly agreed?: DeflateAgreement
  ended(report: CloseReport): void
}

const CLOSE_TIMEOUT_MS = 3_000

/** One end of an open WebSocket that sends every message back. */
export class Endpoint {
  readonly #settings: EndpointSettings
  readonly #reader: ReferenceReader
  readonly #deflate: ReferenceDeflate | undefined
  #sentClose = false
  #report: CloseReport = { code: 1006, reason: '' }
  #over = false
  #frames = 0

  constructor(settings: EndpointSettings) {
    this.#settings = settings
    const { role, options, faults, agreed, stream } = settings
    if (agreed !== undefined) this.#deflate = new ReferenceDeflate({ agreed, role, options, faults })
    this.#reader = new ReferenceReader({
      role,
      options,
      deflate: agreed !== undefined,
      faults,
      sink: {
        control: (opcode, payload) => this.#control(opcode, payload),
        message: (message) => this.#message(message),
      },
    })
    stream.on('error', () => {})
    stream.on('end', () => this.#finish())
    stream.on('close', () => this.#told())
    this.#greet()
  }

  receive(chunk: Uint8Array): void {
    if (this.#over) return
    try {
      this.#reader.push(chunk)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#fail(error.code)
    }
  }

  #has(fault: Fault): boolean {
    return this.#settings.faults.has(fault)
  }

  #greet(): void {
    const { onOpen, closeTimeout } = this.#settings.options
    if (onOpen === undefined) return
    if ('ping' in onOpen) this.#send({ opcode: 9, payload: Buffer.from(onOpen.ping) })
    else {
      const [code, reason] = onOpen.close
      this.#close(concat([Uint8Array.of(code >> 8, code), Buffer.from(reason)]))
      // A peer that does not answer is not waited for.
      const timer = setTimeout(() => this.#settings.stream.destroy(), closeTimeout ?? CLOSE_TIMEOUT_MS)
      this.#settings.stream.once('close', () => clearTimeout(timer))
    }
  }

  #message({ text, compressed, payload }: { text: boolean; compressed: boolean; payload: Uint8Array }): void {
    // RFC 6455 §5.5.1: after its Close this end sends nothing more, but goes on reading for the peer's.
    if (this.#sentClose) return
    const plain = compressed ? (this.#deflate?.inflate(payload) ?? payload) : payload
    const late = this.#has('checksUtf8AtTheEnd') || compressed
    if (text && late && !this.#has('ignoresUtf8') && !isUtf8(plain, this.#settings.faults))
      throw new Failure(1007, 'not UTF-8')
    const bom =
      text && this.#has('stripsByteOrderMark') && plain[0] === 0xef && plain[1] === 0xbb && plain[2] === 0xbf
    const echo = bom ? plain.subarray(3) : plain
    const opcode = text || this.#has('echoesBinaryAsText') ? 1 : 2
    if (this.#deflate === undefined) this.#send({ opcode, payload: echo })
    else this.#sendCompressed(opcode, this.#deflate.deflate(echo))
  }

  #sendCompressed(opcode: number, payload: Uint8Array): void {
    if (!this.#has('marksEveryFragment')) {
      this.#send({ opcode, payload, rsv: 4 })
      return
    }
    this.#send({ opcode, payload: payload.subarray(0, 1), rsv: 4, fin: false })
    this.#send({ opcode: 0, payload: payload.subarray(1), rsv: 4 })
  }

  #control(opcode: number, payload: Uint8Array): void {
    if (opcode === 8) this.#peerClosed(payload)
    const answers = opcode === 9 ? !this.#has('neverPongs') : opcode === 10 && this.#has('answersPongs')
    if (answers && !this.#sentClose)
      this.#send({ opcode: 10, payload: this.#has('pongsEmpty') ? new Uint8Array(0) : payload })
  }

  #peerClosed(payload: Uint8Array): void {
    if (payload.byteLength === 1 && !this.#has('acceptsShortClose'))
      throw new Failure(1002, 'a Close of one octet')
    const code = payload.byteLength < 2 ? 1005 : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)
    const reason = payload.subarray(2)
    if (payload.byteLength >= 2 && !isWireCode(code) && !this.#has('acceptsAnyCode'))
      throw new Failure(1002, 'close code')
    if (!isUtf8(reason, this.#settings.faults) && !this.#has('ignoresUtf8OfReason'))
      throw new Failure(1007, 'close reason')
    this.#report = {
      code: this.#has('reportsWrongCode') ? 1000 : code,
      reason: Buffer.from(reason).toString(),
    }
    if (!this.#has('neverAnswersClose'))
      this.#close(this.#has('alwaysCloses1000') ? Uint8Array.of(3, 0xe8) : payload.subarray(0, 2))
    if (this.#has('echoesAfterClose')) {
      this.#sentClose = false
      return
    }
    this.#over = true
    this.#finish()
  }

  #fail(code: number): void {
    this.#report = { code, reason: '' }
    this.#over = true
    const told = this.#has('failsWith1000') ? 1000 : code
    if (!this.#has('failsWithoutClose')) this.#close(Uint8Array.of(told >> 8, told))
    this.#finish()
  }

  #close(payload: Uint8Array): void {
    if (this.#sentClose) return
    this.#send({ opcode: 8, payload })
    this.#sentClose = true
  }

  #send(spec: FrameSpec): void {
    const { role, stream } = this.#settings
    const masked = role === 'client' ? !this.#has('forgetsToMask') : this.#has('masksAsServer')
    const count = ++this.#frames
    const key = this.#has('constantKey')
      ? noise(4)
      : this.#has('countingKey')
        ? Uint8Array.of(0, 0, count >> 8, count)
        : randomKey()
    const form = this.#has('writesLongLengthForms') && spec.opcode < 8 ? { lengthForm: 64 as const } : {}
    if (!stream.writableEnded) stream.write(createFrameWriter(masked).write({ ...spec, key, ...form }))
  }

  /** Ends this side; a client leaves the end of TCP to the server (RFC 6455 §7.1.1). */
  #finish(): void {
    const { stream, role } = this.#settings
    if (this.#has('keepsTcpOpen') || this.#has('h2KeepsStreamOpen')) return
    if (role === 'server' || stream.readableEnded || this.#report.code !== 1000) stream.end()
    else stream.once('end', () => stream.end())
  }

  #told(): void {
    this.#over = true
    this.#settings.ended(this.#report)
  }
}

function isWireCode(code: number): boolean {
  return (
    (code >= 1000 && code <= 1014 && ![1004, 1005, 1006].includes(code)) || (code >= 3000 && code <= 4999)
  )
}

function randomKey(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(4))
}
