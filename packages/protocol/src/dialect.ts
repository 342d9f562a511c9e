import { MillraceError } from './codes.js'
import type { Command, Message } from './messages.js'

/** UTF-8, which every platform has and the language has not. `decode` throws on what is not UTF-8. */
export interface Utf8 {
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
}

/**
 * A way to write the protocol's messages. The Millrace dialects are `json` (text frames) and `binary` (Protocol
 * Buffers in binary frames); other protocols' clients can be served by a dialect of their own.
 */
export interface Dialect<Wire extends string | Uint8Array = string | Uint8Array> {
  /** Also the WebSocket subprotocol that asks for it: `millrace.json`, `millrace.binary`. */
  readonly name: string
  encodeCommands(commands: readonly Command[]): Wire
  encodeMessage(message: Message): Wire
  /** What a frame held. One bad command does not spoil its neighbours: each is a command or an error with its id. */
  decodeCommands(frame: Wire): Decoded<Command>[]
  /** Throws a MillraceError when the frame cannot be read. */
  decodeMessages(frame: Wire): Message[]
}

export type Decoded<T> = T | BadCommand

/** A command that could not be read; `id` is 0 when not even that could. */
export class BadCommand {
  readonly id: number
  readonly error: MillraceError
  constructor(id: number, error: MillraceError) {
    this.id = id
    this.error = error
  }
}

/** The one way in which reading a message fails: it names the field. */
export function fail(field: string, message: string): never {
  throw new MillraceError('malformed-command', { message: `${field}: ${message}`, field })
}
