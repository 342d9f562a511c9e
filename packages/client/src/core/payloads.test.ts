import { channel, channelTable, defineApi } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, publication, subscribedAt } from '../../test/world.js'
import { Payloads } from './payloads.js'

const bytes = (...values: number[]) => new Uint8Array(values)
/** A codec for one number below 256. */
const tiny = {
  encode: (value: unknown) => bytes(Number(value)),
  decode: (from: Uint8Array) => from[0],
}
const own = { name: 'protobuf', ...tiny } as const

const api = defineApi({
  channels: {
    'chat:{room}': channel(),
    'chat:{room}:log': channel({ codec: 'msgpack' }),
    'chat:vip-{room}': channel({ codec: 'raw' }),
    'quotes:{symbol}': channel({ codec: own }),
    'geo:{x},{y}': channel({ codec: 'msgpack' }),
    'geo:{cell}': channel({ codec: 'raw' }),
    'sum:{a}.{b}+{c}': channel({ codec: 'msgpack' }),
  },
})

describe('payloads', () => {
  it.each([
    ['chat:lobby', undefined],
    ['chat:lobby:log', 'msgpack'],
    ['chat:vip-1', 'raw'],
    ['quotes:ACME', own],
    ['geo:1,2', 'msgpack'],
    ['geo:7', 'raw'],
    ['sum:1.2+3', 'msgpack'],
    ['sum:1x2+3', undefined],
    ['other:1', undefined],
  ])('of channel %s are in the codec the api gives it [P2.2] [P2.3]', (name, codec) => {
    expect(new Payloads(api, {}).ofChannel(name)).toBe(codec)
  })

  it('are in the codec of the pattern that the server finds too [P2.3]', () => {
    const table = channelTable(api)
    const server = (name: string) => {
      try {
        return table.resolve(name).definition.codec
      } catch {
        return undefined
      }
    }
    const segment = fc.stringMatching(/^[a-z0-9.,+()$-]{1,6}$/)
    const namespace = fc.constantFrom('chat', 'quotes', 'geo', 'sum', 'other')
    const names = fc
      .tuple(
        namespace,
        fc.array(fc.oneof(segment, fc.constantFrom('log', 'vip-1', '1,2', '1.2+3')), {
          minLength: 1,
          maxLength: 3,
        }),
      )
      .map(([head, rest]) => `${head}:${rest.join(':')}`)
    fc.assert(
      fc.property(names, (name) => {
        expect(new Payloads(api, {}).ofChannel(name)).toBe(server(name))
      }),
    )
  })

  it('are published and read in a codec of the api’s own [P3.7]', async () => {
    const w = await connected({ api })
    const room = w.client.channel('quotes:ACME')
    const heard: unknown[] = []
    room.on('message', (message) => heard.push(message))
    void room.publish(7).catch(() => {})
    await settle()
    expect(w.socket.last('publish').body.data).toEqual({ codec: 'protobuf', bytes: bytes(7) })
    const about = { ...publication(1), channel: 'quotes:ACME' }
    await w.socket.reply('subscribe', 'subscribed', { channel: 'quotes:ACME', position: position(0) })
    await w.socket.push('publication', { ...about, data: { codec: 'protobuf', bytes: bytes(9) } })
    expect(heard).toEqual([9])
  })

  it('are published in the codec the server named on subscribing, without an api [P3.7]', async () => {
    const w = await connected({ codecs: { msgpack: tiny } })
    const room = w.client.channel('chat:lobby')
    void room.subscribe()
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(0, { codec: 'msgpack' }))
    void room.publish(5).catch(() => {})
    await settle()
    expect(w.socket.last('publish').body.data).toEqual({ codec: 'msgpack', bytes: bytes(5) })
  })

  it('of ephemeral messages and presence are JSON whatever the channel’s codec', async () => {
    const w = await connected({ api, codecs: { msgpack: tiny } })
    const room = w.client.channel('chat:lobby:log')
    room.sendEphemeral(1)
    void room.enter(2).catch(() => {})
    await settle()
    expect(w.socket.last('ephemeral').body.data).toEqual({ codec: 'json', value: 1 })
    expect(w.socket.last('enter').body.data).toEqual({ codec: 'json', value: 2 })
  })

  it('in a codec that is not at hand say what to pass', async () => {
    const w = await connected({ api })
    await expect(w.client.channel('chat:lobby:log').publish(1)).rejects.toMatchObject({
      kind: 'unsupported-codec',
      message: expect.stringContaining('codecs'),
    })
  })
})
