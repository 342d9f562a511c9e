/**
 * Inflating one message after another with one stream of zlib, into one piece of memory: a stream and memory for each are what makes bombs dear.
 * See docs/decisions/0018. [E16]
 */
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib'

/** What of earlier output may be referred to, and how much may come. */
export interface InflateRequest {
  readonly windowBits: number
  readonly dictionary?: Uint8Array | undefined
  /** Bytes of output. One more than that tells that there is more. */
  readonly room: number
}

/** What came up to the end of the input, or of the first block that is marked final. */
export interface Inflated {
  /** Until the next call, of whomever: see `isInflatedMemory`. */
  readonly output: Buffer
  /** Bytes of input that were used. */
  readonly consumed: number
}

/** `not-deflate` says as well that the input breaks off within a block. */
export type InflateResult = Inflated | 'too-much' | 'not-deflate'

/** Inflates `payload`, and `tail` behind it if it comes so far. */
export type Inflate = (payload: Uint8Array, tail: Uint8Array, request: InflateRequest) => InflateResult

/** What is there at first, and what is kept at most, in bytes. A message that needs more takes its memory with it. */
const [FIRST_MEMORY, MOST_MEMORY] = [64 * 1024, 256 * 1024]
const NOTHING = Buffer.alloc(0)
let memory = NOTHING

/** Whether bytes lie where the next message will. */
export const isInflatedMemory = (bytes: Uint8Array): boolean => bytes.buffer === memory.buffer

/** A stream of zlib, and how it is asked for something at once, which Node does not document: it tells what is left of the output and of the input. */
interface Handle {
  onerror: () => void
  reset(): void
  writeSync(flush: number, ...inputAndOutput: [Uint8Array, number, number, Uint8Array, number, number]): void
}
type Internals = { readonly _handle?: Partial<Handle>; readonly _writeState?: unknown }

/** Uses a stream again and again. */
class Inflater {
  readonly #handle: Handle
  readonly #left: Uint32Array
  #hasFailed = false
  #room = 0
  #produced = 0

  private constructor(handle: Handle, left: Uint32Array) {
    this.#handle = handle
    this.#left = left
    handle.onerror = () => {
      this.#hasFailed = true
    }
  }

  /** Null where this Node has it otherwise. */
  static of(windowBits: number): Inflater | null {
    const { _handle: handle, _writeState: left } = createInflateRaw({ windowBits }) as unknown as Internals
    const isKnown =
      typeof handle?.writeSync === 'function' &&
      typeof handle.reset === 'function' &&
      left instanceof Uint32Array
    return isKnown ? new Inflater(handle as Handle, left) : null
  }

  inflate(payload: Uint8Array, tail: Uint8Array, { dictionary, room }: InflateRequest): InflateResult {
    if (memory.length === 0) memory = Buffer.allocUnsafeSlow(FIRST_MEMORY)
    this.#handle.reset()
    this.#hasFailed = false
    if (dictionary !== undefined && dictionary.length > 0) this.#learn(dictionary)
    this.#produced = 0
    this.#room = room
    let consumed = this.#write(payload, constants.Z_SYNC_FLUSH)
    if (consumed === payload.length) consumed += this.#write(tail, constants.Z_FINISH)
    const output = memory.subarray(0, this.#produced)
    if (memory.length > MOST_MEMORY) memory = NOTHING
    if (this.#hasFailed) return 'not-deflate'
    return output.length > room ? 'too-much' : { output, consumed }
  }

  /** Has it come out of the stream, as a block that is not compressed (RFC 1951 §3.2.4): what comes then may refer to it. */
  #learn(dictionary: Uint8Array): void {
    const { length } = dictionary
    const head = Buffer.of(0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff)
    this.#produced = 0
    this.#room = length
    this.#write(head, constants.Z_SYNC_FLUSH)
    this.#write(dictionary, constants.Z_SYNC_FLUSH)
  }

  /** How many bytes of input were used: fewer than there are where the stream has ended, or failed, or there is no room left. */
  #write(input: Uint8Array, flush: number): number {
    let at = 0
    while (!this.#hasFailed && this.#produced <= this.#room) {
      const space = Math.min(memory.length, this.#room + 1) - this.#produced
      this.#handle.writeSync(flush, input, at, input.length - at, memory, this.#produced, space)
      if (this.#hasFailed) break
      const [spaceLeft = 0, inputLeft = 0] = this.#left
      at = input.length - inputLeft
      this.#produced += space - spaceLeft
      if (spaceLeft > 0) break
      if (this.#produced === memory.length && this.#produced <= this.#room) this.#grow()
    }
    return at
  }

  #grow(): void {
    const larger = Buffer.allocUnsafeSlow(Math.min(memory.length * 2, this.#room + 1))
    larger.set(memory)
    memory = larger
  }
}

const inflaters = new Map<number, Inflater | null>()

/** With a stream that is there, where that can be had. */
export const inflate: Inflate = (payload, tail, request) => {
  const { windowBits } = request
  let inflater = inflaters.get(windowBits)
  if (inflater === undefined) {
    inflater = Inflater.of(windowBits)
    inflaters.set(windowBits, inflater)
  }
  return inflater === null ? inflateAfresh(payload, tail, request) : inflater.inflate(payload, tail, request)
}

/** The same by what Node documents, with a stream of its own. */
export const inflateAfresh: Inflate = (payload, tail, { windowBits, dictionary = NOTHING, room }) => {
  try {
    // With `info`, zlib's synchronous calls answer their stream too, which counted what it took.
    const { buffer, engine } = inflateRawSync(Buffer.concat([payload, tail]), {
      windowBits,
      // zlib wants at least one.
      maxOutputLength: Math.max(1, room),
      chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(FIRST_MEMORY, room + 1)),
      info: true,
      ...(dictionary.length === 0 ? {} : { dictionary }),
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } }
    return buffer.length > room ? 'too-much' : { output: buffer, consumed: engine.bytesWritten }
  } catch (error) {
    const isTooMuch = error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
    return isTooMuch ? 'too-much' : 'not-deflate'
  }
}
