import { MillraceError } from './codes.js'
import type { Command, Message } from './messages.js'

/**
 * UTF-8, which every platform has and the language has not. `decode` throws on what is not UTF-8 and keeps a leading
 * byte order mark, which a TextDecoder does with `{ fatal: true, ignoreBOM: true }`.
 */
export interface Utf8 {
  encode(text: string): Uint8Array
  decode(bytes: Uint8Array): string
}

/** What a client needs of a dialect. */
export interface ClientDialect<Wire extends string | Uint8Array = string | Uint8Array> {
  /** Also the WebSocket subprotocol that asks for it: `millrace.json`, `millrace.binary`. */
  readonly name: string
  encodeCommands(commands: readonly Command[]): Wire
  /** Leaves out messages of a kind not known here. Throws when the frame cannot be read, saying why. */
  decodeMessages(frame: Wire): Message[]
}

/**
 * A way to write the protocol's messages. The Millrace dialects are `json` (text frames) and `binary` (Protocol
 * Buffers in binary frames); other protocols' clients can be served by a dialect of their own.
 */
export interface Dialect<Wire extends string | Uint8Array = string | Uint8Array> extends ClientDialect<Wire> {
  encodeMessage(message: Message): Wire
  /**
   * What a frame holds, in order and read when asked for; it never throws. One bad command does not spoil its neighbours: each is a command or
   * a `BadCommand`. No command shares memory with the frame, which must not change before the last was read.
   */
  readCommands(frame: Wire): CommandReader
}

export type Decoded<T> = T | BadCommand

/** Why a frame, or a part of it, could not be read. */
export class Unreadable {
  readonly code: 'malformed-command' | 'unknown-command'
  readonly field: string | undefined
  readonly message: string
  constructor(code: Unreadable['code'], message: string, field?: string) {
    this.code = code
    this.message = message
    this.field = field
  }

  toError(): MillraceError {
    return new MillraceError(this.code, this)
  }
}

/**
 * A command that could not be read. `id` is 0 when it has none, or none that can be read; of these a frame yields at
 * most one, so that a frame of nonsense does not ask for thousands of answers. Rule [P3.6].
 */
export class BadCommand {
  readonly id: number
  readonly why: Unreadable
  constructor(id: number, why: Unreadable) {
    this.id = id
    this.why = why
  }

  /** `malformed-command` or `unknown-command`. Made when asked for. */
  get error(): MillraceError {
    return this.why.toError()
  }
}

/**
 * The one way in which reading fails: it names the field. What is thrown is no Error, because an Error's stack costs five
 * times as much as reading the command did, and a hostile frame can hold thousands of bad ones.
 */
export function fail(field: string, message: string): never {
  throw new Unreadable('malformed-command', `${field}: ${message}`, field)
}

/** What both dialects demand of a string: its length, and that it can be written in UTF-8. */
export function checkText(text: string, max: number, path: string): void {
  if (text.length > max) fail(path, `must have at most ${max} characters`)
  if (/\p{Surrogate}/u.test(text)) fail(path, 'must not hold half of a surrogate pair')
}

/** Turns what a reader threw into what its caller shall see; an accident of another kind passes on. */
export function asUnreadable(thrown: unknown): Unreadable {
  if (thrown instanceof Unreadable) return thrown
  throw thrown
}

/**
 * The commands of a frame, one by one: a hostile frame holds thousands, which nobody should wait for. Of those without an id at most one is
 * told that could not be read.
 */
export class CommandReader {
  readonly #read: () => Decoded<Command> | undefined
  #isOver = false
  #isAnonymousTold = false
  /** How many were read. */
  count = 0

  /** `read` answers the next, or undefined when there is none; what it throws is what is wrong with all that is left. */
  constructor(read: () => Decoded<Command> | undefined) {
    this.#read = read
  }

  /** The next, or undefined when there is none. */
  next(): Decoded<Command> | undefined {
    while (!this.#isOver) {
      const command = this.#one()
      if (command === undefined) this.#isOver = true
      else if (!(command instanceof BadCommand) || command.id !== 0 || this.#isTold(command)) {
        this.count++
        return command
      }
    }
    return undefined
  }

  /** All that are left. */
  all(): Decoded<Command>[] {
    const found: Decoded<Command>[] = []
    for (let one = this.next(); one !== undefined; one = this.next()) found.push(one)
    return found
  }

  #one(): Decoded<Command> | undefined {
    try {
      return this.#read()
    } catch (thrown) {
      this.#isOver = true
      return new BadCommand(0, asUnreadable(thrown))
    }
  }

  /** An unknown command without an id is one nobody waits for. Rule [P3.3]. */
  #isTold({ why }: BadCommand): boolean {
    if (this.#isAnonymousTold || why.code === 'unknown-command') return false
    this.#isAnonymousTold = true
    return true
  }
}
