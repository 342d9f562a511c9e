import type { Role, SubjectOptions } from '../../model.js'
import { concat } from '../../wire/bytes.js'
import { type Compressor, createCompressor } from '../../wire/compressor.js'
import type { DeflateAgreement } from '../../wire/deflate-params.js'
import { InflateError, InflateLimit, inflateMessage } from '../../wire/inflate.js'
import type { Faults } from './faults.js'
import { Failure } from './frame-reader.js'

export interface DeflateSettings {
  readonly agreed: DeflateAgreement
  readonly role: Role
  readonly options: SubjectOptions
  readonly faults: Faults
}

/** permessage-deflate of one connection, both directions (RFC 7692 §7.2). */
export class ReferenceDeflate {
  readonly #settings: DeflateSettings
  readonly #compressor: Compressor
  readonly #keepsContext: boolean
  #history: Uint8Array = new Uint8Array(0)

  constructor(settings: DeflateSettings) {
    this.#settings = settings
    const { agreed, role, faults } = settings
    const server = [agreed.serverMaxWindowBits, agreed.serverNoContextTakeover] as const
    const client = [agreed.clientMaxWindowBits, agreed.clientNoContextTakeover] as const
    const [[bits, fresh], [, peerFresh]] = role === 'server' ? [server, client] : [client, server]
    this.#compressor = createCompressor(
      faults.has('ignoresWindow') ? 15 : bits,
      fresh && !faults.has('ignoresNoContextTakeover'),
    )
    this.#keepsContext = !peerFresh && !faults.has('forgetsContext')
  }

  deflate(message: Uint8Array): Uint8Array {
    return this.#compressor.compress(message)
  }

  /** Throws Failure: 1009 beyond the limit, 1007 for what is not DEFLATE. */
  inflate(data: Uint8Array): Uint8Array {
    const { faults, options } = this.#settings
    const limit = faults.has('inflatesWithoutLimit') ? undefined : options.maxMessage
    // The mistake of inflaters that take the end of a stream for the end of the message: what follows is lost.
    const wire = faults.has('stopsAtFinalBlock') && (data[0] ?? 0) % 2 === 1 ? Uint8Array.of(0) : data
    try {
      const { output } = inflateMessage(wire, this.#history, limit)
      if (this.#keepsContext) this.#history = concat([this.#history, output]).slice(-32768)
      return output
    } catch (error) {
      if (error instanceof InflateLimit) throw new Failure(1009, error.message)
      if (error instanceof InflateError) throw new Failure(1007, error.message)
      throw error
    }
  }
}
