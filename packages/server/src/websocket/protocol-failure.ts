/**
 * The peer broke a rule, or a limit of ours: the connection is failed with this code (RFC 6455 §7.1.7).
 * It travels from `fail()` to the one place that sends the Close frame.
 */
export class ProtocolFailure extends Error {
  override readonly name = 'ProtocolFailure'
  readonly code: number

  constructor(code: number, reason: string) {
    super(reason)
    this.code = code
  }
}

/** Refuses what the peer sent. The parser's only way out of bad input. */
export function fail(code: number, reason: string): never {
  throw new ProtocolFailure(code, reason)
}
