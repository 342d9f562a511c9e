/** Prints the published Protocol Buffers schema from the layouts. Not part of the package's surface: a test keeps the file fresh. */
import { COMMANDS, target } from './layout/commands.js'
import { error, type Field, type Kinds, type Layout, position } from './layout/layout.js'
import { gap, MESSAGES, member, publication, publisher } from './layout/messages.js'
import { CODECS } from './payload.js'

const HEADER = `// Millrace's binary dialect, version 1. Printed from the layouts in packages/protocol/src/layout: do not edit.
// A binary frame from a client is a CommandFrame, one from the server a MessageFrame. docs/protocol.md has the rules.
// Every field has explicit presence, because "not said" and "zero" differ; fields marked "required" must be set.
// Numbers are at most 2^53-1. Times are milliseconds since 1970-01-01T00:00Z, durations are milliseconds.
syntax = "proto3";

package millrace.v1;
`

const SCALARS = { string: 'string', uint: 'uint64', bool: 'bool', payload: 'bytes' } as const

// A body is named after its kind. Where a command and a message are of one kind, one of them gets another name.
const COMMAND_NAMES: Names = { ephemeral: 'SendEphemeral', history: 'ReadHistory', presence: 'ReadPresence' }
const MESSAGE_NAMES: Names = { call: 'ServerCall', ping: 'ServerPing', pong: 'ServerPong' }
type Names = { readonly [kind: string]: string }

/** The layouts that others hold, by their name. */
export const SHARED = {
  Position: position,
  Publisher: publisher,
  Publication: publication,
  Member: member,
  Gap: gap,
  Error: error,
  Target: target,
}
const shared = new Map<Layout, string>(Object.entries(SHARED).map(([name, layout]) => [layout, name]))
const bodyName = (layout: Layout, kind: string, names: Names): string =>
  shared.get(layout) ?? names[kind] ?? kind.charAt(0).toUpperCase() + kind.slice(1)

export function printProto(): string {
  return [
    HEADER,
    `enum Codec {\n${CODECS.map((codec, no) => `  CODEC_${codec.toUpperCase()} = ${no};`).join('\n')}\n}\n`,
    'message CommandFrame {\n  repeated Command commands = 1;\n}\n',
    'message MessageFrame {\n  repeated Message messages = 1;\n}\n',
    printEnvelope('Command', COMMANDS, COMMAND_NAMES),
    printEnvelope('Message', MESSAGES, MESSAGE_NAMES),
    ...[...shared].map(([layout, name]) => printLayout(name, layout)),
    ...printBodies(COMMANDS, COMMAND_NAMES),
    ...printBodies(MESSAGES, MESSAGE_NAMES),
  ].join('\n')
}

function printEnvelope(name: string, kinds: Kinds, names: Names): string {
  const cases = Object.entries(kinds).map(
    ([kind, { no, layout }]) => `    ${bodyName(layout, kind, names)} ${kind} = ${no};`,
  )
  return `message ${name} {\n  optional uint64 id = 1;\n  oneof body {\n${cases.join('\n')}\n  }\n}\n`
}

const printBodies = (kinds: Kinds, names: Names): string[] =>
  Object.entries(kinds)
    .filter(([, { layout }]) => !shared.has(layout))
    .map(([kind, { layout }]) => printLayout(bodyName(layout, kind, names), layout))

function printLayout(name: string, layout: Layout): string {
  const lines = Object.entries(layout).flatMap(([field, of]) => printField(field, of))
  return `message ${name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

function printField(name: string, field: Field): string[] {
  const type = field.is === 'message' ? shared.get(field.layout) : SCALARS[field.is]
  const notes = [
    ...(field.required && !field.repeated ? ['required'] : []),
    ...(Number.isFinite(field.max) ? [`at most ${field.max} characters`] : []),
  ]
  const comment = notes.length === 0 ? '' : ` // ${notes.join(', ')}`
  const line = `${field.repeated ? 'repeated' : 'optional'} ${type} ${snake(name)} = ${field.no};${comment}`
  return field.is === 'payload' ? [line, `optional Codec codec = ${field.no + 1}; // of ${name}`] : [line]
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
