import {
  BadCommand,
  binaryDialect,
  type Command,
  type Dialect,
  jsonDialect,
  MillraceError,
  type Utf8,
} from '@millrace/protocol'
import { toHex, utf8 as toUtf8 } from '../bytes.js'
import { hold, type Target } from '../target.js'
import { someCommand, someMessage } from './dialect-maker.js'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const utf8: Utf8 = {
  encode: (text) => new Uint8Array(Buffer.from(text, 'utf8')),
  decode: (bytes) => strict.decode(bytes),
}
const binary = binaryDialect(utf8)

type Wire = string | Uint8Array

/** One dialect as the fuzzer drives it: inputs are octets, frames are what the dialect reads. */
interface Driven<W extends Wire> {
  readonly dialect: Dialect<W>
  read(input: Uint8Array): W
  bytes(wire: W): Uint8Array
}

const JSON_DRIVEN: Driven<string> = {
  dialect: jsonDialect,
  // The engine hands over valid UTF-8 only; octets that are none become U+FFFD here.
  read: (input) => Buffer.from(input).toString('utf8'),
  bytes: toUtf8,
}
const BINARY_DRIVEN: Driven<Uint8Array> = {
  dialect: binary,
  read: (input) => input.slice(),
  bytes: (wire) => wire,
}

export const dialectTargets: readonly Target[] = [
  commandsTarget(JSON_DRIVEN),
  messagesTarget(JSON_DRIVEN),
  commandsTarget(BINARY_DRIVEN),
  messagesTarget(BINARY_DRIVEN),
]

function commandsTarget<W extends Wire>({ dialect, read, bytes }: Driven<W>): Target {
  return {
    name: `${dialect.name}-commands`,
    about: `commands of a client in the ${dialect.name} dialect`,
    make: (random) =>
      bytes(dialect.encodeCommands(Array.from({ length: 1 + random.int(4) }, () => someCommand(random)))),
    run: (input) => {
      const frame = read(input)
      const decoded = dialect.readCommands(frame).all()
      const commands = decoded.filter((one): one is Command => !(one instanceof BadCommand))
      const bad = decoded.filter((one) => one instanceof BadCommand)
      hold(bad.filter(({ id }) => id === 0).length <= 1, 'more than one nameless complaint about one frame')
      for (const { error } of bad) checkError(error, ['malformed-command', 'unknown-command'])
      const stable = commands.length === 0 ? 'nothing' : roundTrip(dialect, commands)
      const fields = bad
        .slice(0, 3)
        .map(({ error }) => `${error.kind} ${error.field}`.replaceAll(/\d+/g, '#'))
      return `${commands.slice(0, 4).map(({ kind, body }) => `${kind}${Object.keys(body).length}`)} ${stable} ${fields}`
    },
  }
}

/** Written again, what was read must read and write the same, and the other dialect must carry it as well. */
function roundTrip<W extends Wire>(dialect: Dialect<W>, commands: readonly Command[]): string {
  const once = attempt(() => dialect.encodeCommands(commands))
  // JSON that is nested beyond the platform's stack can be read, and not be written: that is documented.
  if (once === undefined) return 'unwritable'
  const again = dialect.readCommands(once).all()
  hold(!again.some((one) => one instanceof BadCommand), `what was written cannot be read: ${show(once)}`)
  const twice = dialect.encodeCommands(again as Command[])
  hold(show(twice) === show(once), `written twice, it differs: ${show(once)} and ${show(twice)}`)
  const other: Dialect = dialect.name === 'json' ? (binary as Dialect) : (jsonDialect as Dialect)
  const crossed = other.readCommands(other.encodeCommands(again as Command[])).all()
  hold(
    !crossed.some((one) => one instanceof BadCommand),
    `the ${other.name} dialect cannot carry ${show(once)}`,
  )
  const back = dialect.encodeCommands(crossed as Command[])
  hold(show(back) === show(once), `through ${other.name} it becomes ${show(back)}, not ${show(once)}`)
  return 'stable'
}

function messagesTarget<W extends Wire>({ dialect, read, bytes }: Driven<W>): Target {
  return {
    name: `${dialect.name}-messages`,
    about: `messages of a server in the ${dialect.name} dialect`,
    make: (random) => bytes(dialect.encodeMessage(someMessage(random))),
    run: (input) => {
      try {
        const messages = dialect.decodeMessages(read(input))
        for (const message of messages) {
          const once = attempt(() => dialect.encodeMessage(message))
          if (once === undefined) continue
          const [again, ...more] = dialect.decodeMessages(once)
          hold(again !== undefined && more.length === 0, `what was written cannot be read: ${show(once)}`)
          hold(show(dialect.encodeMessage(again)) === show(once), `written twice, it differs: ${show(once)}`)
        }
        return `read ${messages.slice(0, 3).map(({ kind, body }) => `${kind}${Object.keys(body).length}`)}`
      } catch (error) {
        checkError(error, ['malformed-command'])
        return error instanceof MillraceError ? `refused ${error.field?.replaceAll(/\d+/g, '#')}` : 'refused'
      }
    },
  }
}

function checkError(error: unknown, kinds: readonly string[]): void {
  if (!(error instanceof MillraceError)) throw error
  hold(kinds.includes(error.kind), `an undocumented error: ${error.kind}`)
  hold(error.message.length < 2_000, `a message of ${error.message.length} characters`)
}

/** Undefined when the payload cannot be written, which is a documented `invalid-payload`. */
function attempt<T>(write: () => T): T | undefined {
  try {
    return write()
  } catch (error) {
    checkError(error, ['invalid-payload'])
    return undefined
  }
}

function show(wire: Wire): string {
  return typeof wire === 'string' ? wire : toHex(wire)
}
