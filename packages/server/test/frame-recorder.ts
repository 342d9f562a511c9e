import { type FrameEvents, FrameParser, type FrameRules } from '../src/websocket/frame-parser.js'
import { DEFAULT_FRAME_LIMITS } from '../src/websocket/limits.js'
import type { MessageKind } from '../src/websocket/opcode.js'

/** What a parser told, as plain data. Payloads in hex, so that a failed comparison can be read. */
export type RecordedEvent =
  | { readonly event: MessageKind | 'ping' | 'pong'; readonly payload: string; readonly compressed?: true }
  | { readonly event: 'close'; readonly code: number; readonly reason: string }
  | { readonly event: 'failure'; readonly code: number; readonly reason: string }

/** A server's rules without compression: what most tests want. */
export const SERVER_RULES: FrameRules = { masked: true, compression: false, limits: DEFAULT_FRAME_LIMITS }
export const CLIENT_RULES: FrameRules = { ...SERVER_RULES, masked: false }

export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Bytes from hex; white space is free, and separates the fields of a frame for the reader. */
export function fromHex(hex: string): Uint8Array {
  const digits = hex.replace(/\s+/g, '')
  if (!/^(?:[0-9a-f]{2})*$/.test(digits)) throw new Error(`not hex: ${hex}`)
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

/** Feeds chunks to a parser and returns what it told. The chunks are copied first: a parser unmasks in place. */
export function record(
  chunks: readonly Uint8Array[],
  rules: FrameRules = SERVER_RULES,
): readonly RecordedEvent[] {
  const recorder = new FrameRecorder()
  const parser = new FrameParser(recorder, rules)
  for (const chunk of chunks) parser.receive(chunk.slice())
  return recorder.events
}

export class FrameRecorder implements FrameEvents {
  readonly events: RecordedEvent[] = []

  onMessage(kind: MessageKind, payload: Uint8Array, compressed: boolean): void {
    this.events.push({ event: kind, payload: toHex(payload), ...(compressed ? { compressed } : {}) })
  }

  onPing(payload: Uint8Array): void {
    this.events.push({ event: 'ping', payload: toHex(payload) })
  }

  onPong(payload: Uint8Array): void {
    this.events.push({ event: 'pong', payload: toHex(payload) })
  }

  onPeerClose({ code, reason }: { code: number; reason: string }): void {
    this.events.push({ event: 'close', code, reason })
  }

  onFailure({ code, message }: { code: number; message: string }): void {
    this.events.push({ event: 'failure', code, reason: message })
  }
}

/** A small repeatable generator (xorshift), so that a failing split can be run again: a number from 0 to `below` − 1. */
export function seededRandom(seed: number): (below: number) => number {
  let state = (seed | 0) === 0 ? 1 : seed | 0
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

/** The same bytes whole, byte by byte, and cut at random in `cuts` ways. */
export function waysToCut(bytes: Uint8Array, cuts = 20, seed = 1): readonly (readonly Uint8Array[])[] {
  const random = seededRandom(seed)
  const singles = Array.from(bytes, (byte) => Uint8Array.of(byte))
  return [[bytes], singles, ...Array.from({ length: cuts }, () => cutAtRandom(bytes, random))]
}

function cutAtRandom(bytes: Uint8Array, random: (below: number) => number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  // Small pieces for some cuts and large ones for others, or long input would never be cut within a header.
  const largest = 1 + random(random(2) === 0 ? 12 : Math.max(1, bytes.length))
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + random(largest)
    chunks.push(bytes.subarray(at, at + size))
    at += size
  }
  return chunks
}
