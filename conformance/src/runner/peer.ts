import type { Delivery, MessageSpec, Piece } from '../model.js'
import { show } from '../wire/bytes.js'
import type { Codec } from '../wire/compressor.js'
import { createFrameWriter, type FrameSpec, type FrameWriter, OPCODE, RSV1 } from '../wire/frame.js'
import type { Link, LinkEnd } from '../wire/link.js'
import { deliver } from './deliver.js'
import { EventReader, type PeerEvent } from './events.js'
import { Inbox } from './inbox.js'
import type { Transcript } from './transcript.js'

export interface PeerPorts {
  readonly link: Link
  /** Which side the suite plays. */
  readonly suiteIs: 'client' | 'server'
  readonly delivery: Delivery
  readonly transcript: Transcript
  /** Present when permessage-deflate was negotiated. */
  readonly codec?: Codec
}

/** The suite's end of one WebSocket connection: writes frames, legal or not, and reads events. */
export class Peer {
  readonly #ports: PeerPorts
  readonly #writer: FrameWriter
  readonly #reader: EventReader
  readonly #inbox = new Inbox<PeerEvent>()
  #over = false

  constructor(ports: PeerPorts) {
    this.#ports = ports
    this.#writer = createFrameWriter(ports.suiteIs === 'client')
    this.#reader = new EventReader(ports.suiteIs === 'server', ports.codec?.decompressor)
  }

  get link(): Link {
    return this.#ports.link
  }

  get suiteIs(): 'client' | 'server' {
    return this.#ports.suiteIs
  }

  /** The masking keys of every frame the subject sent so far. */
  get keys(): readonly Uint8Array[] {
    return this.#reader.keys
  }

  /** Bytes that came from the subject. */
  receive(bytes: Uint8Array): void {
    for (const event of this.#reader.push(bytes)) {
      this.#ports.transcript.got(describeEvent(event))
      this.#inbox.put(event)
    }
  }

  /** The subject's direction ended. */
  ended(end: LinkEnd): void {
    this.#over = true
    this.#ports.transcript.got(end.how === 'end' ? 'end of stream' : `reset (${end.why})`)
    this.#inbox.put({ is: 'end', end })
  }

  /** The next event, or undefined when none came in time. */
  next(patience: number): Promise<PeerEvent | undefined> {
    return this.#inbox.take(patience)
  }

  /** Sends these pieces as the case's delivery asks; resolves when the last octet was handed over. */
  async send(pieces: readonly Piece[], cut = 0): Promise<void> {
    const units = pieces.flatMap((piece) => this.#encode(piece))
    const last = units.at(-1)
    if (cut > 0 && last !== undefined) units[units.length - 1] = last.subarray(0, last.byteLength - cut)
    for (const unit of units) this.#ports.transcript.sent(unit)
    await deliver(units, {
      delivery: this.#ports.delivery,
      write: (bytes) => {
        if (!this.#over) this.#ports.link.write(bytes)
        return !this.#over
      },
    })
  }

  end(): void {
    this.#ports.transcript.note('the suite ends its direction')
    this.#ports.link.end()
  }

  reset(): void {
    this.#ports.transcript.note('the suite aborts the connection')
    this.#ports.link.reset()
  }

  #encode(piece: Piece): Uint8Array[] {
    if ('raw' in piece) return [piece.raw]
    if ('opcode' in piece) return [this.#writer.write(piece)]
    return this.#fragment(piece).map((spec) => this.#writer.write(spec))
  }

  /** RFC 6455 §5.4 and RFC 7692 §6.1: RSV1 stands on the first fragment only. */
  #fragment(spec: MessageSpec): FrameSpec[] {
    const compressor = (spec.compress ?? true) ? this.#ports.codec?.compressor : undefined
    const wire = compressor?.compress(spec.payload) ?? spec.payload
    const starts = [0, ...(spec.cuts ?? []).filter((cut) => cut <= wire.byteLength)]
    return starts.map((start, i) => ({
      opcode: i > 0 ? OPCODE.continuation : OPCODE[spec.message],
      rsv: i === 0 && compressor !== undefined ? RSV1 : 0,
      fin: i === starts.length - 1,
      payload: wire.subarray(start, starts[i + 1] ?? wire.byteLength),
    }))
  }
}

export function describeEvent(event: PeerEvent | undefined): string {
  if (event === undefined) return 'nothing in time'
  switch (event.is) {
    case 'message':
      return `${event.compressed ? 'compressed ' : ''}${event.kind} message ${show(event.payload)}`
    case 'ping':
    case 'pong':
      return `${event.is} ${show(event.payload)}`
    case 'close':
      return `Close ${event.code}${event.reason === '' ? '' : ` "${event.reason}"`}`
    case 'violation':
      return `an illegal frame: ${event.why}`
    case 'end':
      return event.end.how === 'end' ? 'the end of the stream' : `a reset (${event.end.why})`
  }
}

/** The bytes of pieces that travel behind a handshake, before anything was negotiated. */
export function encodePieces(pieces: readonly Piece[], suiteIs: 'client' | 'server'): Uint8Array[] {
  const writer = createFrameWriter(suiteIs === 'client')
  return pieces.map((piece) => {
    if ('raw' in piece) return piece.raw
    if ('opcode' in piece) return writer.write(piece)
    return writer.write({ opcode: OPCODE[piece.message], payload: piece.payload })
  })
}
