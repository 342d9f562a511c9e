import { concat } from './bytes.js'
import { FLAG, H2, type H2Frame, uint32, unpad } from './h2-frames.js'
import type { Link, LinkHandler } from './link.js'

export interface H2StreamHandler extends LinkHandler {
  headers(headers: readonly (readonly [string, string])[], endStream: boolean): void
}

interface H2StreamPorts {
  readonly id: number
  readonly handler: H2StreamHandler
  readonly sendWindow: number
  readonly receiveWindow: number
  take(wanted: number): number
  frame(type: number, flags: number, payload: Uint8Array): void
}

// RFC 9113 §7.
const CANCEL = 8

/** One stream of the suite: a link whose bytes travel in DATA frames, one frame for each write that fits. */
export class H2Stream implements Link {
  readonly #ports: H2StreamPorts
  #sendWindow: number
  #queue: { readonly data: Uint8Array; readonly end: boolean }[] = []
  #ended = false
  /** While true, the subject gets no more window; `release` gives it back. */
  #held = false
  #owed = 0

  constructor(ports: H2StreamPorts) {
    this.#ports = ports
    this.#sendWindow = ports.sendWindow
  }

  write(data: Uint8Array): void {
    this.#queue.push({ data, end: false })
    this.#flush()
  }

  /** RFC 8441 §5: END_STREAM stands for the FIN of TCP. */
  end(): void {
    this.#queue.push({ data: new Uint8Array(0), end: true })
    this.#flush()
  }

  /** RFC 8441 §5: RST_STREAM with CANCEL stands for the RST of TCP. */
  reset(): void {
    this.#ports.frame(H2.rstStream, 0, uint32(CANCEL))
  }

  destroy(): void {
    if (!this.#ended) this.reset()
  }

  /** A DATA frame with padding (RFC 9113 §6.1); the caller keeps it small enough for the windows. */
  writePadded(data: Uint8Array, padding: number): void {
    const payload = concat([Uint8Array.of(padding), data, new Uint8Array(padding)])
    this.#ports.take(payload.byteLength)
    this.#ports.frame(H2.data, FLAG.padded, payload)
  }

  /** Stops handing out window. */
  hold(): void {
    this.#held = true
  }

  /** Gives `octets` of window, or all that is owed. */
  release(octets?: number): void {
    const given = octets ?? this.#owed
    if (octets === undefined) this.#held = false
    this.#owed = Math.max(0, this.#owed - given)
    if (given > 0) this.#ports.frame(H2.windowUpdate, 0, uint32(given))
  }

  grow(more: number): void {
    this.#sendWindow += more
    this.#flush()
  }

  receiveHeaders(headers: readonly (readonly [string, string])[], endStream: boolean): void {
    this.#ports.handler.headers(headers, endStream)
    if (endStream) this.#finish(() => this.#ports.handler.end({ how: 'end' }))
  }

  receive(frame: H2Frame): void {
    if (frame.type === H2.rstStream) {
      const code = new DataView(frame.payload.buffer, frame.payload.byteOffset, 4).getUint32(0)
      this.#finish(() => this.#ports.handler.end({ how: 'reset', why: `RST_STREAM ${code}` }))
    }
    if (frame.type !== H2.data) return
    const data = unpad(frame)
    if (data.byteLength > 0 && !this.#ended) this.#ports.handler.data(data)
    this.#owed += frame.payload.byteLength
    if (!this.#held && this.#owed > this.#ports.receiveWindow / 4) this.release()
    if ((frame.flags & FLAG.endStream) !== 0) this.#finish(() => this.#ports.handler.end({ how: 'end' }))
  }

  lost(): void {
    this.#finish(() => this.#ports.handler.end({ how: 'reset', why: 'the HTTP/2 connection ended' }))
  }

  #finish(tell: () => void): void {
    if (this.#ended) return
    this.#ended = true
    tell()
  }

  #flush(): void {
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      const granted = this.#ports.take(Math.min(next.data.byteLength, this.#sendWindow))
      if (granted === 0 && next.data.byteLength > 0) return
      this.#sendWindow -= granted
      const whole = granted === next.data.byteLength
      this.#ports.frame(H2.data, whole && next.end ? FLAG.endStream : 0, next.data.subarray(0, granted))
      if (whole) this.#queue.shift()
      else this.#queue[0] = { data: next.data.subarray(granted), end: next.end }
    }
  }
}
