import { constants, deflateRawSync } from 'node:zlib'
import { concat } from './bytes.js'
import type { DeflateAgreement } from './deflate-params.js'
import { SubjectViolation } from './frame-reader.js'
import { type Inflated, inflateMessage } from './inflate.js'

const WINDOW = 32768

/** The suite's own direction: compresses one message after another. */
export interface Compressor {
  compress(message: Uint8Array): Uint8Array
}

/**
 * RFC 7692 §7.2.1. The context is carried over as a preset dictionary, which gives the same matches as one
 * long-lived stream. zlib's window of 9 bits never reaches further back than 250 octets, so it serves for 8 too.
 */
export function createCompressor(windowBits: number, noContextTakeover: boolean): Compressor {
  let history: Uint8Array = new Uint8Array(0)
  return {
    compress(message) {
      const options = { windowBits: Math.max(9, windowBits), finishFlush: constants.Z_SYNC_FLUSH }
      const dictionary = history.byteLength > 0 ? { dictionary: history } : {}
      const out = deflateRawSync(message, { ...options, ...dictionary })
      if (!noContextTakeover) history = remember(history, message)
      // An empty message flushes to nothing when there is nothing to flush: the empty stored block is written by hand.
      return out.byteLength < 5 ? Uint8Array.of(0) : new Uint8Array(out.subarray(0, -4))
    },
  }
}

export interface Decompressor {
  /** Throws SubjectViolation when the data reaches outside of the agreed window. */
  decompress(data: Uint8Array): Inflated
}

/** The subject's direction, judged by the agreement of the handshake. */
export function createDecompressor(windowBits: number, noContextTakeover: boolean): Decompressor {
  let history: Uint8Array = new Uint8Array(0)
  return {
    decompress(data) {
      const result = inflateMessage(data, history)
      // RFC 7692 §7.1.2: the window is a promise about how far back matches reach.
      if (result.furthest > 2 ** windowBits) {
        throw new SubjectViolation(
          `a match reaches ${result.furthest} octets back, the window is ${2 ** windowBits}`,
        )
      }
      history = noContextTakeover ? history : remember(history, result.output)
      return result
    },
  }
}

function remember(history: Uint8Array, message: Uint8Array): Uint8Array {
  if (message.byteLength >= WINDOW) return message.slice(-WINDOW)
  return concat([history.subarray(Math.max(0, history.byteLength + message.byteLength - WINDOW)), message])
}

export interface Codec {
  readonly compressor: Compressor
  readonly decompressor: Decompressor
}

/** Both directions of one connection, seen from the suite's side. */
export function createCodec(agreed: DeflateAgreement, suiteIs: 'client' | 'server'): Codec {
  const client = [agreed.clientMaxWindowBits, agreed.clientNoContextTakeover] as const
  const server = [agreed.serverMaxWindowBits, agreed.serverNoContextTakeover] as const
  const [mine, theirs] = suiteIs === 'client' ? [client, server] : [server, client]
  return { compressor: createCompressor(...mine), decompressor: createDecompressor(...theirs) }
}
