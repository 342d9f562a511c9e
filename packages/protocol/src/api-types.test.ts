/** What the compiler knows of an api. These tests are carried out by the type check; what they run is little. */
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import {
  type CallTypesOf,
  type ChannelNameOf,
  type ChannelTypesOf,
  call,
  channel,
  defineApi,
  type OpenApi,
  type PatternFor,
  type PatternTypesOf,
} from './api.js'
import type { ParamsOf } from './channel-name.js'

// What goes in differs from what comes out in each library's way of saying it.
const inZod = z.object({ text: z.string(), at: z.string().transform((text) => new Date(text)) })
const inValibot = v.object({
  text: v.string(),
  at: v.pipe(
    v.string(),
    v.transform((text) => new Date(text)),
  ),
})
const inArktype = type({ text: 'string', at: type('string').pipe((text) => new Date(text)) })

const api = defineApi({
  channels: {
    'zod:{room}': channel({
      message: inZod,
      ephemeral: z.object({ typing: z.boolean().default(true) }),
      presence: z.object({ name: z.string() }),
      history: { size: 200, ttl: '24h' },
    }),
    'valibot:{room}:{part}': channel({ message: inValibot, codec: 'msgpack', publish: 'anyone' }),
    'arktype:all': channel({ message: inArktype, identify: true }),
    'open:{x}': channel(),
  },
  calls: {
    'device.command': call({ request: z.coerce.number(), response: v.string(), timeout: '10s' }),
    anything: call(),
  },
})
type TheApi = typeof api

interface Written {
  text: string
  at: string
}
interface Read {
  text: string
  at: Date
}

describe('the types of a channel', () => {
  test('go in as the schema takes them and come out as it gives them, with zod, valibot and arktype', () => {
    type OfZod = ChannelTypesOf<TheApi, 'zod:lobby'>
    expectTypeOf<OfZod['publish']>().toEqualTypeOf<Written>()
    expectTypeOf<OfZod['message']>().toEqualTypeOf<Read>()
    expectTypeOf<OfZod['sendEphemeral']>().toEqualTypeOf<{ typing?: boolean | undefined }>()
    expectTypeOf<OfZod['ephemeral']>().toEqualTypeOf<{ typing: boolean }>()
    expectTypeOf<OfZod['enter']>().toEqualTypeOf<{ name: string }>()
    expectTypeOf<OfZod['member']>().toEqualTypeOf<{ name: string }>()

    type OfValibot = ChannelTypesOf<TheApi, 'valibot:lobby:left'>
    expectTypeOf<OfValibot['publish']>().toEqualTypeOf<Written>()
    expectTypeOf<OfValibot['message']>().toEqualTypeOf<Read>()

    type OfArktype = ChannelTypesOf<TheApi, 'arktype:all'>
    expectTypeOf<OfArktype['publish']>().toEqualTypeOf<Written>()
    expectTypeOf<OfArktype['message']>().toEqualTypeOf<Read>()
  })

  test('are the same by pattern as by name', () => {
    expectTypeOf<PatternTypesOf<TheApi, 'zod:{room}'>>().toEqualTypeOf<ChannelTypesOf<TheApi, 'zod:lobby'>>()
  })

  test('without a schema: any JSON as a message, no ephemeral messages, no presence', () => {
    type Open = ChannelTypesOf<TheApi, 'open:1'>
    expectTypeOf<Open['publish']>().toEqualTypeOf<unknown>()
    expectTypeOf<Open['message']>().toEqualTypeOf<unknown>()
    expectTypeOf<Open['sendEphemeral']>().toEqualTypeOf<never>()
    expectTypeOf<Open['ephemeral']>().toEqualTypeOf<never>()
    expectTypeOf<Open['enter']>().toEqualTypeOf<never>()
    expectTypeOf<Open['member']>().toEqualTypeOf<never>()
  })
})

describe('names', () => {
  test('are known by their patterns', () => {
    expectTypeOf<ChannelNameOf<TheApi>>().toEqualTypeOf<
      `zod:${string}` | `valibot:${string}:${string}` | 'arktype:all' | `open:${string}`
    >()
    expectTypeOf<PatternFor<TheApi, 'zod:lobby'>>().toEqualTypeOf<'zod:{room}'>()
    expectTypeOf<PatternFor<TheApi, 'nowhere:lobby'>>().toEqualTypeOf<never>()
  })

  test('a name that no pattern matches does not compile', () => {
    const take = (name: ChannelNameOf<TheApi>) => name
    take('zod:lobby')
    take(`zod:${'any'.repeat(2)}`)
    take('arktype:all')
    // @ts-expect-error: no such namespace
    take('nowhere:lobby')
    // @ts-expect-error: the pattern is literal
    take('arktype:some')
    // @ts-expect-error: a segment is missing
    take('valibot:lobby')
  })

  test('params are those of the pattern', () => {
    expectTypeOf<ParamsOf<'valibot:{room}:{part}'>['part']>().toEqualTypeOf<string>()
    // @ts-expect-error: there is no such parameter
    expectTypeOf<ParamsOf<'zod:{room}'>['part']>()
  })
})

describe('the types of a call', () => {
  test('are those of its schemas', () => {
    type Command = CallTypesOf<TheApi, 'device.command'>
    expectTypeOf<Command['handled']>().toEqualTypeOf<number>()
    expectTypeOf<Command['respond']>().toEqualTypeOf<string>()
    expectTypeOf<Command['response']>().toEqualTypeOf<string>()
    type Anything = CallTypesOf<TheApi, 'anything'>
    expectTypeOf<Anything['request']>().toEqualTypeOf<unknown>()
    expectTypeOf<Anything['response']>().toEqualTypeOf<unknown>()
    // @ts-expect-error: no such method
    type Missing = CallTypesOf<TheApi, 'device.commando'>
    expectTypeOf<Missing>().not.toEqualTypeOf<Command>()
  })
})

test('options that are none do not compile', () => {
  // @ts-expect-error: a schema is one of the Standard Schema family
  channel({ message: { type: 'string' } })
  // @ts-expect-error: no such codec
  channel({ codec: 'bson' })
  // @ts-expect-error: a codec object has a name
  channel({ codec: { encode: () => new Uint8Array(), decode: () => 0 } })
  // @ts-expect-error: no such unit of time
  channel({ history: { ttl: '24 hours' } })
  // @ts-expect-error: no such option
  channel({ histroy: { size: 1 } })
  // @ts-expect-error: who may publish is authorized or anyone
  channel({ publish: 'everyone' })
  // @ts-expect-error: a call has no history
  call({ history: { size: 1 } })
})

test('without an api every name and method is there, and values are what the application says they are', () => {
  type Types = ChannelTypesOf<OpenApi, 'whatever:you-like'>
  const publish = (value: Types['publish']) => value
  publish({ any: 'thing' })
  // biome-ignore lint/suspicious/noExplicitAny: that it is any is what is tested
  expectTypeOf<Types['message']>().toEqualTypeOf<any>()
  expectTypeOf<ChannelNameOf<OpenApi>>().toEqualTypeOf<string>()
  // biome-ignore lint/suspicious/noExplicitAny: that it is any is what is tested
  expectTypeOf<CallTypesOf<OpenApi, 'any.method'>['response']>().toEqualTypeOf<any>()
})

describe('the key of a state channel', () => {
  test('is a field that can be one, or a function of the message', () => {
    channel({ message: z.object({ symbol: z.string(), price: z.number() }), conflate: 'symbol' })
    channel({
      message: z.object({ row: z.number(), column: z.number() }),
      conflate: ({ row, column }) => `${row}/${column}`,
    })
    channel({ conflate: 'whatever' })
    // @ts-expect-error: no such field
    channel({ message: z.object({ symbol: z.string() }), conflate: 'name' })
    // @ts-expect-error: a field of another kind
    channel({ message: z.object({ at: z.object({}) }), conflate: 'at' })
    // @ts-expect-error: a key is a string or a number
    channel({ message: z.object({ symbol: z.string() }), conflate: ({ symbol }) => [symbol] })
  })
})
