import { call, channel, defineApi } from '@millrace/protocol'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { api as everything } from '../../test/apis/everything.js'
import { converter } from '../schemas/convert.js'
import { asyncApi } from './document.js'

const options = { title: 'Chat', version: '1.2.3', servers: [], convert: converter({}) }
const documentOf = (api: Parameters<typeof asyncApi>[0]) => asyncApi(api, options).document
const { document, warnings } = asyncApi(everything, {
  ...options,
  servers: ['wss://chat.example', 'ws://localhost:8080/socket', 'wss://b.example/millrace'],
})

test('says what it is, and that it is seen from the client', () => {
  expect(document.asyncapi).toBe('3.0.0')
  expect(document.info).toMatchObject({ title: 'Chat', version: '1.2.3' })
  expect(document.info.description).toMatch(/^What a client of this application says and hears/)
  expect(document['x-millrace-protocol']).toMatchObject({
    version: 1,
    subprotocols: ['millrace.json', 'millrace.binary'],
    closeCodes: expect.arrayContaining([
      { code: 4500, name: 'authentication-failed', retry: 'never', fault: 'client' },
    ]),
  })
  const described = asyncApi(everything, { ...options, description: 'People talk.' }).document
  expect(described.info.description).toMatch(/^People talk\.\n\nWhat a client/)
})

test('servers have a name, and the default path where none is said', () => {
  expect(document.servers).toMatchObject({
    production: { host: 'chat.example', protocol: 'wss', pathname: '/millrace' },
    development: { host: 'localhost:8080', protocol: 'ws', pathname: '/socket' },
    production2: { host: 'b.example', pathname: '/millrace' },
  })
  expect(documentOf(everything)).not.toHaveProperty('servers')
})

test.each([
  ['nothing', 'is no URL'],
  ['https://chat.example', 'must begin with ws:// or wss://'],
  ['wss://me:secret@chat.example', 'holds a user or a password'],
  ['wss://chat.example/?token=1', 'has something after its path'],
])('a server at %s is a mistake', (url, why) => {
  expect(() => asyncApi(everything, { ...options, servers: [url] })).toThrow(why)
})

describe('a channel', () => {
  test('has its pattern as address, a description for each parameter, and what AsyncAPI has no word for', () => {
    expect(document.channels['chatRoom']).toMatchObject({
      address: 'chat:{room}',
      description: 'What is said in a room.',
      parameters: { room: { description: expect.stringMatching(/without a colon/) } },
      'x-millrace-history': { size: 200, ttl: 86_400_000 },
      'x-millrace-publish': 'anyone',
      'x-millrace-identify': true,
      'x-millrace-durability': 'disk',
      'x-millrace-slow': 'drop-oldest',
    })
    expect(Object.keys(document.channels['boardIdCellRowColumn']?.parameters ?? {})).toEqual([
      'id',
      'row',
      'column',
    ])
  })

  test('has its defaults filled in', () => {
    const { messages, ...channel } = document.channels['logAll'] ?? {}
    expect(channel).toEqual({
      address: 'log:all',
      title: 'log:all',
      'x-millrace-history': { size: 256, ttl: 600_000 },
      'x-millrace-slow': 'disconnect',
      'x-millrace-publish': 'authorized',
      'x-millrace-identify': false,
    })
    expect(messages).toEqual({ message: expect.objectContaining({ name: 'LogAllMessage' }) })
  })

  test('has an operation for each thing a client may do with it', () => {
    const of = Object.entries(document.operations).filter(
      ([, { channel }]) => channel.$ref === '#/channels/chatRoom',
    )
    expect(
      of.map(([id, { action, messages, ...more }]) => [
        id,
        action,
        messages[0]?.$ref,
        more['x-millrace-command'],
      ]),
    ).toEqual([
      ['subscribeChatRoom', 'receive', '#/channels/chatRoom/messages/message', 'subscribe'],
      ['publishChatRoom', 'send', '#/channels/chatRoom/messages/message', 'publish'],
      ['hearChatRoomEphemeral', 'receive', '#/channels/chatRoom/messages/ephemeral', 'subscribe'],
      ['sendChatRoomEphemeral', 'send', '#/channels/chatRoom/messages/ephemeral', 'ephemeral'],
      ['watchChatRoomMembers', 'receive', '#/channels/chatRoom/messages/member', 'subscribe'],
      ['enterChatRoom', 'send', '#/channels/chatRoom/messages/member', 'enter'],
    ])
    expect(document.operations['publishChatRoom']?.description).toMatch(/^Any session may/)
    expect(document.operations['publishLogAll']?.description).toMatch(/answered `forbidden` \(106\)/)
    expect(document.operations).not.toHaveProperty('enterLogAll')
    expect(document.operations).not.toHaveProperty('sendLogAllEphemeral')
  })

  test('of state has values, and keys that have none any more', () => {
    expect(document.channels['quotesMarket']).toMatchObject({
      'x-millrace-conflate': { field: 'symbol' },
      'x-millrace-history': { size: 10_000, ttl: 86_400_000 },
      'x-millrace-slow': 'conflate',
      messages: { value: { name: 'QuotesMarketValue' }, removed: { name: 'QuotesMarketRemoved' } },
    })
    expect(document.components.schemas['QuotesMarketRemoved']).toEqual({ type: 'null' })
    expect(document.channels['boardIdCellRowColumn']).toMatchObject({
      'x-millrace-conflate': { computed: true },
    })
    expect(document.operations['subscribeQuotesMarket']?.messages).toHaveLength(2)
    expect(document.operations['removeQuotesMarket']).toMatchObject({
      action: 'send',
      'x-millrace-command': 'publish',
    })
  })

  test.each([
    ['chatRoom', 'message', 'application/json'],
    ['quotesMarket', 'value', 'application/msgpack'],
    ['traceAll', 'message', 'application/x-protobuf'],
    ['firmwareAll', 'message', 'application/octet-stream'],
    // Presence and ephemeral messages are JSON whatever the codec.
    ['quotesMarket', 'ephemeral', 'application/json'],
    ['quotesMarket', 'member', 'application/json'],
  ])('%s: its %s is %s', (channel, message, contentType) => {
    expect(document.channels[channel]?.messages[message]).toMatchObject({ contentType })
  })

  test('of raw bytes has no schema but that', () => {
    expect(document.components.schemas['FirmwareAllMessage']).toMatchObject({
      type: 'string',
      format: 'binary',
    })
  })
})

describe('a call', () => {
  test('is a channel with request, response and error', () => {
    expect(document.channels['deviceCommand']).toMatchObject({
      address: 'device.command',
      description: 'Has a device do something, when it is there.',
      'x-millrace-call': { timeout: 30_000, wait: { ttl: 604_800_000, size: 20 } },
      messages: { error: { $ref: '#/components/messages/Error' } },
    })
    expect(document.channels['ping']?.['x-millrace-call']).toEqual({ timeout: 10_000 })
  })

  test('is made and answered, each by the side of the schemas that it sees', () => {
    const at = (id: string) => ({ $ref: `#/channels/deviceCommand/messages/${id}` })
    expect(document.operations['callDeviceCommand']).toMatchObject({
      action: 'send',
      messages: [at('request')],
      reply: { channel: { $ref: '#/channels/deviceCommand' }, messages: [at('response'), at('error')] },
    })
    expect(document.operations['answerDeviceCommand']).toMatchObject({
      action: 'receive',
      messages: [at('requestReceived')],
      reply: { messages: [at('responseSent'), at('error')] },
    })
    expect(document.components.schemas['DeviceCommandResponse']).toMatchObject({ required: ['done'] })
    expect(document.components.schemas['DeviceCommandResponseSent']).not.toHaveProperty('required')
  })

  test('may fail with any code that a reply may have', () => {
    expect(document.components.schemas['Error']).toMatchObject({
      required: ['code', 'message'],
      properties: {
        code: {
          'x-millrace-codes': expect.arrayContaining([
            { code: 111, name: 'invalid-payload', retry: 'never', fault: 'client' },
            { code: 202, name: 'timeout', retry: 'later', fault: 'none' },
          ]),
        },
      },
    })
    expect(JSON.stringify(document.components.schemas['Error'])).not.toContain('slow-consumer')
  })
})

describe('names', () => {
  test('what is called alike in different ways has different names, everywhere', () => {
    const { channels, operations } = documentOf(
      defineApi({
        channels: {
          'chat:{room}': channel({ message: z.string(), ephemeral: z.string() }),
          'chat:room': channel({ message: z.number() }),
          'chat:room:ephemeral': channel(),
        },
        calls: { 'chat.room': call({ request: z.boolean() }) },
      }),
    )
    expect(Object.entries(channels).map(([id, { address }]) => [id, address])).toEqual([
      ['chatRoom', 'chat:{room}'],
      ['chatRoom2', 'chat:room'],
      ['chatRoomEphemeral', 'chat:room:ephemeral'],
      ['chatRoom3', 'chat.room'],
    ])
    expect(Object.keys(operations)).toContain('callChatRoom3')
  })

  test('an error of the application’s own does not take the place of Millrace’s', () => {
    const Failure = z.object({ why: z.string() }).meta({ id: 'Error' })
    const { components } = documentOf(
      defineApi({ channels: { 'log:all': channel({ message: z.array(Failure) }) } }),
    )
    expect(components.schemas['Error']).toHaveProperty('properties.code')
    expect(components.schemas['LogAllMessage']).toMatchObject({
      items: { $ref: '#/components/schemas/LogAllMessageError' },
    })
  })
})

describe('schemas', () => {
  test('what the application named is there once, and may be recursive', () => {
    const { schemas } = document.components
    expect(schemas['User']).toMatchObject({ description: 'Who somebody is.', required: ['id', 'name'] })
    expect(schemas['ChatRoomMember']).toMatchObject({ $ref: '#/components/schemas/User' })
    expect(schemas['Comment']).toMatchObject({
      properties: {
        author: { $ref: '#/components/schemas/User' },
        replies: { items: { $ref: '#/components/schemas/Comment' } },
      },
    })
  })

  test('what is left open is said in its place, and warned of once', () => {
    expect(warnings).toEqual([
      {
        at: "calls['device.command'].request.value",
        side: 'output',
        why: "JSON Schema has no word for zod's 'transform'",
      },
    ])
    const both = asyncApi(
      defineApi({
        channels: { 'log:all': channel({ message: z.object({ at: z.date().describe('When.') }) }) },
      }),
      options,
    )
    expect(both.warnings).toMatchObject([{ at: "channels['log:all'].message.at", side: 'both' }])
    expect(both.document.components.schemas['LogAllMessage']).toMatchObject({
      properties: { at: { description: "When. (Any value: JSON Schema has no word for zod's 'date'.)" } },
    })
    expect(JSON.stringify([document, both.document])).not.toContain('x-millrace-unknown')
  })
})
