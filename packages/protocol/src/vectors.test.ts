/**
 * Test vectors for clients in other languages, in files. They are printed from the lists in test/vectors, and everything that
 * stands in them is checked here first.
 */
import { describe, expect, test } from 'vitest'
import { utf8 } from '../test/utf8.js'
import { BAD_VECTORS } from '../test/vectors/bad.js'
import { CHAIN_VECTORS } from '../test/vectors/chains.js'
import { MATCH_VECTORS, NAME_VECTORS, PATTERN_VECTORS } from '../test/vectors/channels.js'
import { COMMAND_VECTORS } from '../test/vectors/commands.js'
import { LENIENT_VECTORS } from '../test/vectors/lenient.js'
import { MESSAGE_VECTORS } from '../test/vectors/messages.js'
import { channel, channelTable } from './api.js'
import { toBase64 } from './base64.js'
import { binaryDialect } from './binary-dialect.js'
import { checkChannelName, parsePattern } from './channel-name.js'
import { CODES, describeCode } from './codes.js'
import { BadCommand, type Decoded } from './dialect.js'
import { jsonDialect } from './json-dialect.js'
import { COMMANDS, MESSAGES } from './layout/index.js'
import type { Command, Message } from './messages.js'
import { chain } from './position.js'

const binary = binaryDialect(utf8)
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const unhex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

/** A model as JSON: bytes, which JSON has not, as base64. */
const plain = (model: Command | Message): unknown =>
  JSON.parse(
    JSON.stringify(model, (_, value) => {
      if (!(value?.bytes instanceof Uint8Array)) return value
      return { codec: value.codec, base64: toBase64(value.bytes) }
    }),
  )

/** The file's text: one vector after the other, each with its members on lines of their own. */
const print = (about: string, lists: Readonly<Record<string, readonly unknown[]>>): string =>
  `${JSON.stringify({ about, ...lists }, null, 2)}\n`

const file = (name: string) => `../vectors/${name}.json`

describe('commands', () => {
  test.each(COMMAND_VECTORS)('$rules: $name', ({ command }) => {
    expect(jsonDialect.readCommands(jsonDialect.encodeCommands([command])).all()).toEqual([command])
    expect(binary.readCommands(binary.encodeCommands([command])).all()).toEqual([command])
  })

  test('are there for every kind, each name once', () => {
    expect(new Set(COMMAND_VECTORS.map(({ command }) => command.kind))).toEqual(
      new Set(Object.keys(COMMANDS)),
    )
    expect(new Set(COMMAND_VECTORS.map(({ name }) => name)).size).toBe(COMMAND_VECTORS.length)
  })

  test('are in a file', async () => {
    const vectors = COMMAND_VECTORS.map(({ name, rules, command }) => ({
      name,
      rules,
      json: jsonDialect.encodeCommands([command]),
      binary: hex(binary.encodeCommands([command])),
      command: plain(command),
    }))
    const about =
      'What a client writes. Written in either dialect, the command gives the frame (JSON members in any order); id 0 is not written.'
    await expect(print(about, { vectors })).toMatchFileSnapshot(file('commands'))
  })
})

describe('messages', () => {
  test.each(MESSAGE_VECTORS)('$rules: $name', ({ message }) => {
    expect(jsonDialect.decodeMessages(jsonDialect.encodeMessage(message))).toEqual([message])
    expect(binary.decodeMessages(binary.encodeMessage(message))).toEqual([message])
  })

  test('are there for every kind, each name once', () => {
    expect(new Set(MESSAGE_VECTORS.map(({ message }) => message.kind))).toEqual(
      new Set(Object.keys(MESSAGES)),
    )
    expect(new Set(MESSAGE_VECTORS.map(({ name }) => name)).size).toBe(MESSAGE_VECTORS.length)
  })

  test('are in a file', async () => {
    const vectors = MESSAGE_VECTORS.map(({ name, rules, message }) => ({
      name,
      rules,
      json: jsonDialect.encodeMessage(message),
      binary: hex(binary.encodeMessage(message)),
      message: plain(message),
    }))
    const about =
      'What a server writes and a client reads. Read in either dialect, the frame gives the message; an id that is not there is 0.'
    await expect(print(about, { vectors })).toMatchFileSnapshot(file('messages'))
  })
})

describe('frames a client must read though no server of today writes them', () => {
  test.each(LENIENT_VECTORS)('$rules: $name', ({ json, binary: bytes, messages }) => {
    expect(json ?? bytes).toBeDefined()
    if (json !== undefined) expect(jsonDialect.decodeMessages(json)).toEqual(messages)
    if (bytes !== undefined) expect(binary.decodeMessages(unhex(bytes))).toEqual(messages)
  })

  test('are in a file', async () => {
    const vectors = LENIENT_VECTORS.map(({ messages, ...vector }) => ({
      ...vector,
      messages: messages.map(plain),
    }))
    const about =
      'Frames of a server that a client reads as these messages, though it would not write them so itself.'
    await expect(print(about, { vectors })).toMatchFileSnapshot(file('lenient'))
  })
})

describe('frames a server answers with an error', () => {
  const outcome = (one: Decoded<Command>) => {
    if (!(one instanceof BadCommand)) return { id: one.id, kind: one.kind }
    const { kind, field } = one.error
    return { id: one.id, error: kind, ...(field === undefined ? {} : { field }) }
  }

  test.each(BAD_VECTORS)('$rules: $name', ({ json, binary: bytes, expect: expected }) => {
    expect(json ?? bytes).toBeDefined()
    if (json !== undefined) expect(jsonDialect.readCommands(json).all().map(outcome)).toEqual(expected)
    if (bytes !== undefined) expect(binary.readCommands(unhex(bytes)).all().map(outcome)).toEqual(expected)
  })

  test('are in a file', async () => {
    const about =
      'Frames of a client, and what a server reads: commands, and errors by code and field. Id 0: the error carries no id.'
    await expect(print(about, { vectors: BAD_VECTORS })).toMatchFileSnapshot(file('bad-commands'))
  })
})

describe('channels', () => {
  test.each(NAME_VECTORS)('[P2.1] $name: $valid', ({ name, valid }) => {
    const check = expect(() => checkChannelName(name))
    if (valid) check.not.toThrow()
    else check.toThrow()
  })

  test.each(PATTERN_VECTORS)('[P2.2] $pattern: $valid', ({ pattern, valid }) => {
    const check = expect(() => parsePattern(pattern))
    if (valid) check.not.toThrow()
    else check.toThrow()
  })

  test.each(MATCH_VECTORS)('[P2.3] $name of $patterns: $pattern', ({ patterns, name, pattern, params }) => {
    const table = channelTable({ channels: Object.fromEntries(patterns.map((one) => [one, channel()])) })
    if (pattern === null) expect(() => table.resolve(name)).toThrow('No channel matches')
    else expect(table.resolve(name)).toMatchObject({ pattern, params })
  })

  test('are in a file', async () => {
    const about = 'Names and patterns of channels, and which pattern a name belongs to with which parameters.'
    const lists = { names: NAME_VECTORS, patterns: PATTERN_VECTORS, matches: MATCH_VECTORS }
    await expect(print(about, lists)).toMatchFileSnapshot(file('channels'))
  })
})

describe('chains', () => {
  test.each(CHAIN_VECTORS)('[P6.2] $name', ({ last, publications }) => {
    let at = last
    for (const publication of publications) {
      expect([publication.offset, chain(at, publication)]).toEqual([publication.offset, publication.is])
      if (publication.is === 'next') at = publication.offset
    }
  })

  test('are in a file', async () => {
    const about =
      'Publications as they arrive, and how each stands to the last offset the receiver has, which moves on with each next.'
    await expect(print(about, { rules: ['P6.2'], vectors: CHAIN_VECTORS })).toMatchFileSnapshot(
      file('chains'),
    )
  })
})

test('[P1.8] the codes, and what a client does about those it does not know, are in a file', async () => {
  const known = Object.entries(CODES).map(([name, { code, retry, fault, reason }]) => ({
    name,
    code,
    retry,
    fault,
    reason,
  }))
  const numbers = [1000, 1001, 1002, 1006, 1008, 1009, 1010, 1011, 1012, 3000, 199, 299, 4499, 4999]
  const unknown = numbers.map((code) => ({ code, retry: describeCode(code).retry }))
  const about =
    'Every code with what to do about it: never (the same again fails again), later (ask again), reconnect. Codes that are not in the table follow their range.'
  await expect(print(about, { codes: known, unknown })).toMatchFileSnapshot(file('codes'))
})
