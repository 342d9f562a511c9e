/** What does not compile, and what things are: the compiler checks this file with the rest of the tests. */
import { call, channel, defineApi, type OpenApi } from '@millrace/protocol'
import { WebSocket as UndiciWebSocket } from 'undici'
import { describe, expectTypeOf, it } from 'vitest'
import { WebSocket as WsWebSocket } from 'ws'
import { z } from 'zod'
import { createCommands } from './commands.entry.js'
import type { CoreClient } from './core/index.js'
import type { Client as ClientOf } from './core/types.js'
import {
  type ChannelMember,
  type Client,
  type ClientOptions,
  type ClientState,
  createClient,
  type Delivery,
  type Gap,
  type Iterated,
  type Published,
  type Received,
} from './index.js'

const Text = z.object({ text: z.string(), at: z.coerce.date().optional() })
const api = defineApi({
  channels: {
    'chat:{room}': channel({
      message: Text,
      ephemeral: z.object({ typing: z.boolean() }),
      presence: z.object({ name: z.string() }),
    }),
    'quotes:{symbol}': channel({ message: z.object({ price: z.number() }) }),
  },
  calls: {
    'device.command': call({
      request: z.object({ on: z.boolean() }),
      response: z.object({ done: z.boolean() }),
    }),
  },
})
type Api = typeof api
declare const client: Client<Api>
declare const open: Client

/** Compiled and never run. */
const compiled = (_: () => unknown): void => {}

describe('the types of a client', () => {
  it('know the channels of the api and what they carry', () => {
    compiled(() => {
      const room = client.channel('chat:lobby', { history: 5, member: { name: 'Ada' } })
      room.on('message', (message, delivery) => {
        expectTypeOf(message).toEqualTypeOf<{ text: string; at?: Date | undefined }>()
        expectTypeOf(delivery).toEqualTypeOf<Delivery>()
      })
      room.on('gap', (gap) => expectTypeOf(gap).toEqualTypeOf<Gap>())
      room.on('ephemeral', ({ typing }) => expectTypeOf(typing).toEqualTypeOf<boolean>())
      room.on('presence', ({ members }) =>
        expectTypeOf(members).toEqualTypeOf<readonly ChannelMember<{ name: string }>[]>(),
      )
      expectTypeOf(room.publish({ text: 'hi' })).toEqualTypeOf<Promise<Published>>()
      expectTypeOf(room.history().then(({ publications }) => publications)).resolves.toEqualTypeOf<
        readonly Received<{ text: string; at?: Date | undefined }>[]
      >()
      expectTypeOf(room.members().then((members) => members[0])).resolves.toEqualTypeOf<
        ChannelMember<{ name: string }> | undefined
      >()
      expectTypeOf(room[Symbol.asyncIterator]()).toEqualTypeOf<
        AsyncIterableIterator<Iterated<{ text: string; at?: Date | undefined }>>
      >()
    })
  })

  it('refuse wrong names, payloads and events', () => {
    compiled(() => {
      // @ts-expect-error: no such namespace
      client.channel('chats:lobby')
      // @ts-expect-error: a pattern's parameter has at least its namespace before it
      client.channel('lobby')
      const room = client.channel('chat:lobby')
      // @ts-expect-error: text is a string
      room.publish({ text: 5 })
      // @ts-expect-error: text is missing
      room.publish({})
      // @ts-expect-error: not a field of ephemeral messages
      room.sendEphemeral({ typed: true })
      // @ts-expect-error: a member has a name
      room.enter({})
      // @ts-expect-error: no such event
      room.on('messages', () => {})
      // @ts-expect-error: the message of another channel
      room.on('message', (message: { price: number }) => message)
      // @ts-expect-error: no such option
      client.channel('chat:lobby', { historie: 5 })
      const quotes = client.channel('quotes:ACME')
      // @ts-expect-error: this channel has no ephemeral messages
      quotes.sendEphemeral({})
      // @ts-expect-error: this channel has no presence
      quotes.enter({})
      // @ts-expect-error: a duration has a unit of the list
      room.publish({ text: 'hi' }, { timeout: '10 seconds' })
    })
  })

  it('know the calls of the api, in both directions', () => {
    compiled(() => {
      expectTypeOf(client.call('device.command', { on: true })).resolves.toEqualTypeOf<{ done: boolean }>()
      client.handle('device.command', ({ request, signal }) => {
        expectTypeOf(request).toEqualTypeOf<{ on: boolean }>()
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        return { done: request.on }
      })
      // @ts-expect-error: no such call
      client.call('device.commands', { on: true })
      // @ts-expect-error: on is a boolean
      client.call('device.command', { on: 'yes' })
      // @ts-expect-error: the answer has another shape
      client.handle('device.command', () => ({ finished: true }))
      const commands = createCommands(client)
      commands.handle('device.command', ({ request, id }) => {
        expectTypeOf(request).toEqualTypeOf<{ on: boolean }>()
        expectTypeOf(id).toEqualTypeOf<string>()
        return { done: request.on }
      })
      // @ts-expect-error: the answer has another shape
      commands.handle('device.command', () => ({ finished: true }))
      client.call('device.command', { on: true }, { to: { user: 'lamp' }, ttl: '1h', key: 'lamp', id: 'k' })
    })
  })

  it('leave everything open without an api', () => {
    compiled(() => {
      expectTypeOf(open).toEqualTypeOf<Client<OpenApi>>()
      const room = open.channel('anything:at-all')
      room.on('message', (message: { mine: string }) => message.mine)
      room.publish({ whatever: 1 })
      room.enter('me')
      open.call('any.method', [1, 2]).then((answer: number) => answer)
    })
  })

  it('let a state be read without narrowing, and narrow by its name', () => {
    compiled(() => {
      const state: ClientState = client.state
      expectTypeOf(state.retryAt).toEqualTypeOf<number | undefined>()
      expectTypeOf(state.reason).toEqualTypeOf<string | undefined>()
      if (state.name === 'reconnecting') expectTypeOf(state.attempt).toEqualTypeOf<number>()
      if (state.name === 'connected') expectTypeOf(state.attempt).toEqualTypeOf<undefined>()
      // @ts-expect-error: no such state
      if (state.name === 'disconnected') return
    })
  })

  it('take the WebSocket of browsers, ws and undici, tokens of every kind, and any AbortSignal', () => {
    compiled(() => {
      const { signal } = new AbortController()
      createClient<Api>({ url: '/millrace', webSocket: WebSocket, token: 'secret' })
      createClient<Api>({ url: new URL('wss://host'), webSocket: WsWebSocket, token: () => 'secret' })
      createClient<Api>({
        url: 'https://host',
        webSocket: UndiciWebSocket,
        token: async (context) => {
          expectTypeOf(context.signal).toEqualTypeOf<AbortSignal>()
          return 'secret'
        },
      })
      open.call('any', 1, { signal, timeout: '3s', to: { user: 'ada' } })
      // @ts-expect-error: the url is what cannot be left out
      createClient<Api>({})
      // @ts-expect-error: no such option
      createClient<Api>({ url: '/', reconnect: false })
      // @ts-expect-error: not the api's value
      createClient<Api>({ url: '/', api: { channels: {}, calls: {} } })
      const options: ClientOptions = {
        url: '/',
        backoff: { base: '1s' },
        timeouts: { request: 5000 },
        limits: {},
      }
      return options
    })
  })

  it('are those of what runs: the core is a client of an open api', () => {
    expectTypeOf<CoreClient>().toExtend<Omit<ClientOf<OpenApi>, 'channel'>>()
  })
})
