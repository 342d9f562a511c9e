/** Prints the published Protocol Buffers schema from the layouts. Not part of the package's surface: a test keeps the file fresh. */
import { COMMANDS, type Field, type Layout, MESSAGES } from './layout.js'
import { CODECS } from './payload.js'

const HEADER = `// Millrace's binary dialect, version 1. Printed from the layouts in packages/protocol/src/layout.ts: do not edit.
// A binary frame from a client is a CommandFrame, one from the server a MessageFrame. docs/protocol.md has the rules.
// Every field has explicit presence, because "not said" and "zero" differ; fields marked "required" must be set.
syntax = "proto3";

package millrace.v1;
`

const SCALARS = { string: 'string', uint: 'uint64', bool: 'bool', payload: 'bytes' } as const

export function printProto(): string {
  const layouts = new Map<string, Layout>()
  for (const { layout } of [...Object.values(COMMANDS), ...Object.values(MESSAGES)]) collect(layout, layouts)
  return [
    HEADER,
    `enum Codec {\n${CODECS.map((codec, no) => `  CODEC_${codec.toUpperCase()} = ${no};`).join('\n')}\n}\n`,
    'message CommandFrame {\n  repeated Command commands = 1;\n}\n',
    'message MessageFrame {\n  repeated Message messages = 1;\n}\n',
    printEnvelope('Command', COMMANDS),
    printEnvelope('Message', MESSAGES),
    ...[...layouts.values()].map(printLayout),
  ].join('\n')
}

function collect(layout: Layout, into: Map<string, Layout>): void {
  for (const field of Object.values(layout.fields)) if (field.is === 'message') collect(field.layout, into)
  into.set(layout.name, layout)
}

function printEnvelope(name: string, kinds: typeof COMMANDS | typeof MESSAGES): string {
  const cases = Object.entries(kinds).map(([kind, { no, layout }]) => `    ${layout.name} ${kind} = ${no};`)
  return `message ${name} {\n  optional uint64 id = 1;\n  oneof body {\n${cases.join('\n')}\n  }\n}\n`
}

function printLayout(layout: Layout): string {
  const lines = Object.entries(layout.fields).flatMap(([name, field]) => printField(name, field))
  return `message ${layout.name} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`
}

function printField(name: string, field: Field): string[] {
  const type = field.is === 'message' ? field.layout.name : SCALARS[field.is]
  const label = field.repeated ? 'repeated' : 'optional'
  const note = field.required && !field.repeated ? ' // required' : ''
  const line = `${label} ${type} ${snake(name)} = ${field.no};${note}`
  return field.is === 'payload' ? [line, `optional Codec codec = ${field.no + 1}; // of ${name}`] : [line]
}

const snake = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
