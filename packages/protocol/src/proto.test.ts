/**
 * The published schema, and the binary dialect held against another implementation of Protocol Buffers that knows nothing
 * but that schema: `@bufbuild/protobuf`, with a descriptor that `protoc` made.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  create,
  createFileRegistry,
  type DescMessage,
  fromBinary,
  type Message as ProtoMessage,
  toBinary,
  toJson,
} from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { tool } from '../../../test/support/tools.js'
import { commands, messages } from '../test/arbitraries.js'
import { hex } from '../test/protobuf.js'
import { utf8 } from '../test/utf8.js'
import { binaryDialect } from './binary-dialect.js'
import { COMMANDS, type Field, type Kinds, type Layout, MESSAGES } from './layout/index.js'
import type { Command, Message } from './messages.js'
import { CODECS, jsonText, type Payload } from './payload.js'
import { printProto } from './proto.js'

const FOLDER = fileURLToPath(new URL('../proto/', import.meta.url))
const descriptor = fromBinary(FileDescriptorSetSchema, readFileSync(`${FOLDER}millrace.binpb`))
const registry = createFileRegistry(descriptor)
const binary = binaryDialect(utf8)

test('[P4.1] the published .proto is what the layouts say', async () => {
  await expect(printProto()).toMatchFileSnapshot('../proto/millrace.proto')
})

const protoc = tool.protoc()
test.skipIf(protoc === undefined)('the descriptor is what protoc makes of the .proto', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-'))
  try {
    const output = join(folder, 'made.binpb')
    const made = spawnSync(protoc ?? '', [`--descriptor_set_out=${output}`, `-I${FOLDER}`, 'millrace.proto'])
    expect(made.stderr.toString()).toBe('')
    expect(
      toJson(FileDescriptorSetSchema, fromBinary(FileDescriptorSetSchema, readFileSync(output))),
      'to renew it: cd packages/protocol/proto && protoc --descriptor_set_out=millrace.binpb millrace.proto',
    ).toEqual(toJson(FileDescriptorSetSchema, descriptor))
  } finally {
    rmSync(folder, { recursive: true })
  }
})

function schema(name: string): DescMessage {
  const found = registry.getMessage(`millrace.v1.${name}`)
  if (found === undefined) throw new Error(`the descriptor has no ${name}`)
  return found
}

// From here a message of ours is turned into one of theirs, by nothing but the names of fields.
type Init = Record<string, unknown>

function initOf(layout: Layout, body: Init): Init {
  const init: Init = {}
  for (const [name, field] of Object.entries(layout)) {
    const value = body[name]
    if (value === undefined) continue
    if (field.is === 'payload') Object.assign(init, payloadInit(name, value as Payload))
    else
      init[name] = field.repeated
        ? (value as unknown[]).map((one) => valueInit(field, one))
        : valueInit(field, value)
  }
  return init
}

function valueInit(field: Field, value: unknown): unknown {
  if (field.is === 'uint') return BigInt(value as number)
  return field.is === 'message' ? initOf(field.layout, value as Init) : value
}

function payloadInit(name: string, payload: Payload): Init {
  if (payload.codec === 'json') return { [name]: utf8.encode(jsonText(payload)) }
  return { [name]: payload.bytes, codec: CODECS.indexOf(payload.codec) }
}

function envelopeInit({ id, kind, body }: Command | Message, kinds: Kinds): Init {
  const value = initOf(kinds[kind]?.layout ?? {}, body as Init)
  return { ...(id === 0 ? {} : { id: BigInt(id) }), body: { case: kind, value } }
}

const theirs = (list: readonly Command[] | Message): [DescMessage, ProtoMessage] =>
  'kind' in list
    ? [
        schema('MessageFrame'),
        create(schema('MessageFrame'), { messages: [envelopeInit(list, MESSAGES)] } as never),
      ]
    : [
        schema('CommandFrame'),
        create(schema('CommandFrame'), {
          commands: list.map((command) => envelopeInit(command, COMMANDS)),
        } as never),
      ]

describe('[P4.1] judged by another implementation of Protocol Buffers', () => {
  test('commands written here are read there, byte for byte as they would write them', () => {
    fc.assert(
      fc.property(fc.array(commands, { maxLength: 3 }), (list) => {
        const bytes = binary.encodeCommands(list)
        const [desc, expected] = theirs(list)
        expect(fromBinary(desc, bytes)).toEqual(expected)
        expect(hex(toBinary(desc, expected))).toBe(hex(bytes))
      }),
      { numRuns: 400 },
    )
  })

  test('messages written here are read there, byte for byte as they would write them', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const bytes = binary.encodeMessage(message)
        const [desc, expected] = theirs(message)
        expect(fromBinary(desc, bytes)).toEqual(expected)
        expect(hex(toBinary(desc, expected))).toBe(hex(bytes))
      }),
      { numRuns: 400 },
    )
  })

  test('commands and messages written there are read here', () => {
    fc.assert(
      fc.property(commands, messages, (command, message) => {
        const [commandDesc, theirCommand] = theirs([command])
        expect(binary.readCommands(toBinary(commandDesc, theirCommand)).all()).toEqual([command])
        const [messageDesc, theirMessage] = theirs(message)
        expect(binary.decodeMessages(toBinary(messageDesc, theirMessage))).toEqual([message])
      }),
      { numRuns: 400 },
    )
  })

  test('[P4.2] every field but lists has explicit presence', () => {
    for (const desc of registry) {
      if (desc.kind !== 'message') continue
      for (const field of desc.fields) {
        if (field.fieldKind === 'list') continue
        // 1 is EXPLICIT in google.protobuf.FeatureSet.FieldPresence.
        expect([field.toString(), field.presence]).toEqual([field.toString(), 1])
      }
    }
  })

  test('has the codecs at the numbers of the table', () => {
    const codecs = registry.getEnum('millrace.v1.Codec')
    expect(codecs?.values.map(({ number, name }) => [number, name])).toEqual(
      CODECS.map((name, no) => [no, `CODEC_${name.toUpperCase()}`]),
    )
  })
})
