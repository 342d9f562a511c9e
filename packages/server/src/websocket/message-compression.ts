/**
 * Compression of whole messages, permessage-deflate (RFC 7692), as one connection agreed it. A port: the engine decides
 * when, an implementation outside the pure folder knows how. Both calls are synchronous, so messages keep their order.
 */
export interface MessageCompression {
  /**
   * The payload to send for a message, or null to send it as it is (it is small, or would not shrink).
   * With context takeover, what was compressed becomes context for the next message, so the result must be sent.
   */
  deflate(payload: Uint8Array): Uint8Array | null
  /**
   * The message in a compressed payload, which may hold only until the next call, of any connection. Never produces more than `limit` bytes before it gives up.
   * @throws {ProtocolFailure} 1009 beyond `limit`, 1007 for a payload that is not DEFLATE.
   */
  inflate(payload: Uint8Array, limit: number): Uint8Array
}
