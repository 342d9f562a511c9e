/** Documents as a judge from outside sees them: AsyncAPI's own JSON Schema, and every reference followed. */
import specs from '@asyncapi/specs'
import { Ajv } from 'ajv'
import formats from 'ajv-formats'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { millrace } from '../test/terminal.js'
import type { Document } from './asyncapi/types.js'

const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv)
const isValid = ajv.compile(specs.schemasWithoutId['3.0.0'] as object)
const errorsOf = (document: unknown) => (isValid(document) ? [] : isValid.errors)

interface Node {
  readonly [key: string]: Node
}

/** Every reference in a document, wherever it stands. */
function referencesIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  const { $ref } = value as { $ref?: unknown }
  return [...(typeof $ref === 'string' ? [$ref] : []), ...Object.values(value).flatMap(referencesIn)]
}

const lookUp = (document: Node, reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<Node | undefined>((node, step) => node?.[step], document)

const SUPPORT_CHAT = new URL('../../../apps/support-chat/src/api.ts', import.meta.url).pathname
const SERVERS = ['--server', 'wss://chat.example', '--server', 'ws://localhost:8080']

test.each([
  ['everything.ts'],
  ['with-valibot.ts'],
  ['with-arktype.ts'],
  ['with-zod-mini.ts'],
  [SUPPORT_CHAT],
])('%s is a valid document, in which every reference leads somewhere', async (file) => {
  const { code, out } = await millrace(['api', file, ...SERVERS])
  expect(code).toBe(0)
  const document = parse(out)
  expect(errorsOf(document)).toEqual([])

  const references = referencesIn(document)
  expect(references.length).toBeGreaterThan(5)
  for (const reference of references) {
    expect(reference).toMatch(/^#\/(channels|components)\//)
    expect(lookUp(document, reference), reference).toBeDefined()
  }
  // What an operation refers to is a message of its channel, as the specification has it.
  for (const operation of Object.values((document as Document).operations)) {
    for (const { channel, messages } of [operation, operation.reply ?? operation]) {
      for (const { $ref } of messages) expect($ref.startsWith(`${channel.$ref}/messages/`)).toBe(true)
    }
  }
})

test('each schema of a document is one that a validator takes, and that takes and refuses what the api does', async () => {
  const { out } = await millrace(['api', 'everything.ts', '--json'])
  const { components } = JSON.parse(out)
  const check = (name: string, value: unknown) =>
    new Ajv({ strict: false, formats: { 'date-time': true, binary: true } })
      .addSchema({ components }, 'document')
      .validate({ $ref: `document#/components/schemas/${name}` }, value)
  const user = { id: 'u1', name: 'Ann' }
  const comment = { author: user, text: 'hello', replies: [{ author: user, text: 'hi' }] }
  expect(check('ChatRoomMessage', comment)).toBe(true)
  expect(check('ChatRoomMessage', { ...comment, newer: true })).toBe(true)
  expect(check('ChatRoomMessage', { ...comment, replies: [{ author: user, text: '' }] })).toBe(false)
  expect(check('QuotesMarketValue', { symbol: 'A', price: 0, at: '2026-01-01T00:00:00Z' })).toBe(false)
  expect(check('DeviceCommandRequest', { do: 'set', key: 'k', value: ' v ' })).toBe(true)
  expect(check('DeviceCommandRequest', { do: 'set', key: 'k' })).toBe(false)
  for (const name of Object.keys(components.schemas)) expect(() => check(name, {})).not.toThrow()
})

test('the judge finds what is wrong', async () => {
  const { out } = await millrace(['api', 'everything.ts', '--json'])
  const document = JSON.parse(out)
  expect(errorsOf({ ...document, info: { title: 'x' } })).not.toEqual([])
  document.operations.publishChatRoom.action = 'publish'
  expect(errorsOf(document)).not.toEqual([])
})
