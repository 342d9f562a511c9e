import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type Api, call, channel, channelTable, codecName, defineApi } from './api.js'
import { MillraceError } from './codes.js'

describe('defineApi', () => {
  test('gives back what was defined, and empty tables for what was not', () => {
    const room = channel({ message: z.string() })
    const ask = call()
    expect(defineApi({ channels: { 'chat:{room}': room }, calls: { ask } })).toMatchObject({
      channels: { 'chat:{room}': room },
      calls: { ask },
    })
    expect(defineApi({})).toMatchObject({ channels: {}, calls: {} })
  })

  const twoShapes = { 'chat:{room}': channel(), 'chat:{id}': channel() }
  const bad: [string, Partial<Api>, string][] = [
    [
      'a pattern that is none',
      { channels: { chat: channel() } },
      "Channel pattern 'chat' must be 'namespace:rest'",
    ],
    [
      'two patterns of the same names',
      { channels: twoShapes },
      "Channel patterns 'chat:{room}' and 'chat:{id}' match the same names",
    ],
    [
      'a history of no size',
      { channels: { 'a:b': channel({ history: { size: -1 } }) } },
      "Channel 'a:b': history.size must be a whole number of publications, not -1",
    ],
    [
      'a history of half a publication',
      { channels: { 'a:b': channel({ history: { size: 0.5 } }) } },
      "Channel 'a:b': history.size must be a whole number of publications, not 0.5",
    ],
    [
      'a history of no time',
      { channels: { 'a:b': channel({ history: { ttl: 'soon' as '1s' } }) } },
      "Channel 'a:b': history.ttl must be milliseconds or a duration",
    ],
    [
      'a codec that is none',
      { channels: { 'a:b': channel({ codec: 'bson' as 'json' }) } },
      "Channel 'a:b': codec must be one of json, msgpack, protobuf, raw, not bson",
    ],
    [
      'a codec object without a known name',
      {
        calls: {
          ask: call({ codec: { name: 'x' as 'raw', encode: () => new Uint8Array(), decode: () => 0 } }),
        },
      },
      "Call 'ask': codec must be one of json, msgpack, protobuf, raw, not x",
    ],
    ['a method without a name', { calls: { '': call() } }, "Call '': a method name is a letter"],
    ['a method with a space', { calls: { 'a b': call() } }, "Call 'a b': a method name is a letter"],
    ['a method that is too long', { calls: { ['m'.repeat(129)]: call() } }, 'a method name is a letter'],
    [
      'a call of no time',
      { calls: { ask: call({ timeout: -5 }) } },
      "Call 'ask': timeout must be milliseconds or a duration",
    ],
    [
      'a call that waits for no time',
      { calls: { ask: call({ wait: { ttl: 0 } }) } },
      "Call 'ask': wait.ttl must be more than 0 and at most 24 days",
    ],
    [
      'a call that waits for longer than a timer can',
      { calls: { ask: call({ wait: { ttl: '25d' } }) } },
      "Call 'ask': wait.ttl must be more than 0 and at most 24 days",
    ],
    [
      'a call of which none may wait',
      { calls: { ask: call({ wait: { size: 0.5 } }) } },
      "Call 'ask': wait.size must be a whole number of at least 1",
    ],
    [
      'a state without a key',
      { channels: { 'state:all': channel({ conflate: '' }) } },
      "Channel 'state:all': conflate must be the name of a field",
    ],
    [
      'a policy for slow readers that there is not',
      { channels: { 'news:all': channel({ slow: 'drop' as 'disconnect' }) } },
      "Channel 'news:all': slow must be one of disconnect, drop-oldest, conflate, not drop",
    ],
    [
      'a stream to be conflated',
      { channels: { 'news:all': channel({ slow: 'conflate' }) } },
      "Channel 'news:all': slow: 'conflate' needs conflate",
    ],
  ]
  test.each(bad)('%s is a TypeError at startup that names it', (_, definition, message) => {
    expect(() => defineApi(definition)).toThrow(TypeError)
    expect(() => defineApi(definition)).toThrow(message)
  })

  test('names methods as people do', () => {
    for (const method of ['a', 'device.command', 'orders/place', 'v1:ask-all_now', 'm'.repeat(128)]) {
      expect(() => defineApi({ calls: { [method]: call() } })).not.toThrow()
    }
  })
})

describe('[P2.3] a channel name belongs to the most literal pattern that matches', () => {
  const api = defineApi({
    channels: {
      'game:{id}': channel(),
      'game:{id}:{part}': channel(),
      'game:{id}:team': channel(),
      'game:lobby:{part}': channel(),
      'game:{a}-{b}': channel(),
      'news:all': channel(),
      'news:{topic}': channel(),
    },
  })
  const table = channelTable(api)

  test.each([
    ['game:7', 'game:{id}', { id: '7' }],
    ['game:7:chat', 'game:{id}:{part}', { id: '7', part: 'chat' }],
    ['game:7:team', 'game:{id}:team', { id: '7' }],
    // Five literal characters of `lobby` beat the four of `team`.
    ['game:lobby:team', 'game:lobby:{part}', { part: 'team' }],
    // One literal character more, though one parameter more.
    ['game:x-y', 'game:{a}-{b}', { a: 'x', b: 'y' }],
    ['news:all', 'news:all', {}],
    ['news:sports', 'news:{topic}', { topic: 'sports' }],
  ] as const)('%s is of %s', (name, pattern, params) => {
    expect(table.resolve(name)).toEqual({ pattern, params, definition: api.channels[pattern] })
  })

  test('of equally literal patterns the one with fewer parameters wins, whatever their order', () => {
    const one = channel()
    const two = channel()
    for (const channels of [
      { 'a:x{p}': one, 'a:{p}-{q}': two },
      { 'a:{p}-{q}': two, 'a:x{p}': one },
    ]) {
      expect(channelTable({ channels }).resolve('a:x-y')).toMatchObject({ pattern: 'a:x{p}' })
    }
  })

  test('a name that matches none is unknown-channel, and the message tells what there is', () => {
    for (const [name, channels, known] of [
      ['game:1:2:3', api.channels, 'game:{id}, game:{id}:{part}'],
      ['chat:x', api.channels, 'news:{topic}'],
      ['chat:x', {}, 'the api defines no channels'],
    ] as const) {
      expect(() => channelTable({ channels }).resolve(name)).toThrow(known)
      try {
        channelTable({ channels }).resolve(name)
      } catch (error) {
        expect(error).toMatchObject({ kind: 'unknown-channel', field: 'channel' })
      }
    }
  })

  test('[P2.1] a name that breaks the grammar is invalid-channel, with an api and without', () => {
    for (const of of [table, channelTable(undefined)]) {
      expect(() => of.resolve('game:a b')).toThrow(MillraceError)
      expect(() => of.resolve('game:a b')).toThrow('percent-encoded')
    }
  })
})

test('without an api every name is known and takes anything', async () => {
  const { pattern, params, definition } = channelTable(undefined).resolve('chat:lobby:7')
  expect({ pattern, params }).toEqual({ pattern: 'chat:*', params: {} })
  for (const schema of [definition.ephemeral, definition.presence]) {
    expect(await schema?.['~standard'].validate({ any: 'thing' })).toEqual({ value: { any: 'thing' } })
  }
  expect(definition.message).toBeUndefined()
})

test('codecName is the name of a choice', () => {
  const msgpack = { name: 'msgpack', encode: () => new Uint8Array(), decode: () => 0 } as const
  expect([codecName(undefined), codecName('raw'), codecName(msgpack)]).toEqual(['json', 'raw', 'msgpack'])
})
