import { describe, expect, it } from 'vitest'
import { Receivers, sessionOf } from '../../test/webhook-receivers.js'
import type { NewPublication, Session } from '../hub/index.js'
import type { ResolvedWebhook, WebhookEvent } from './index.js'

/** The events that a backend has been told by now. */
async function told(world: Receivers): Promise<readonly WebhookEvent[]> {
  world.answers(200)
  await world.clock.advance(250)
  return world.requests.flatMap(({ body }) => body.events)
}

const json = (text: string): NewPublication['data'] => ({ codec: 'json', text })
const stored = { epoch: 'Vq3m', offset: 7 }

describe('[H13.1] what backends are told', () => {
  it('says who connects and subscribes, and how that ends', async () => {
    const world = new Receivers()
    const { webhooks } = world
    const ada = sessionOf('s1', 'ada')
    webhooks.connected(ada)
    webhooks.connected({ ...ada, isResumed: true } as unknown as Session)
    webhooks.hubEvents.subscribed?.(ada, 'chat:lobby')
    webhooks.hubEvents.unsubscribed?.(sessionOf('s2'), 'chat:lobby')
    webhooks.disconnected(ada, 1001)
    const named = (number: number) => ({ id: `evt_id-1.${number}`, time: 1_000_000 })
    expect(await told(world)).toEqual([
      { ...named(1), type: 'connected', session: 's1', user: 'ada' },
      { ...named(2), type: 'connected', session: 's1', user: 'ada', resumed: true },
      { ...named(3), type: 'subscribed', session: 's1', user: 'ada', channel: 'chat:lobby' },
      { ...named(4), type: 'unsubscribed', session: 's2', channel: 'chat:lobby' },
      { ...named(5), type: 'disconnected', session: 's1', user: 'ada', code: 1001 },
    ])
  })

  it('says which channels have subscribers, at the time that nodes have agreed on', async () => {
    const world = new Receivers()
    const { occupancy } = world.webhooks.hubEvents
    occupancy?.occupied('chat:lobby', 1_000_005)
    occupancy?.vacated('chat:lobby', 1_000_009)
    expect(await told(world)).toEqual([
      { id: 'evt_id-1.1', type: 'occupied', time: 1_000_005, channel: 'chat:lobby' },
      { id: 'evt_id-1.2', type: 'vacated', time: 1_000_009, channel: 'chat:lobby' },
    ])
  })

  it('says what is published, without the message unless that is wanted', async () => {
    const world = new Receivers({}, { messages: true })
    const from = { session: 's1', user: 'ada' }
    const publication = { id: 'p1', from, key: 'EUR', data: json('{"price": 1.5}') }
    world.webhooks.hubEvents.published?.('quotes:eur', publication, stored)
    const bare = {
      ...{ id: 'quotes:eur@Vq3m:7', type: 'published', time: 1_000_000 },
      ...{ channel: 'quotes:eur', epoch: 'Vq3m', offset: 7, publicationId: 'p1', from, key: 'EUR' },
    }
    expect(await told(world)).toEqual([bare, { ...bare, message: { price: 1.5 } }])
  })

  it('writes what is not JSON in base64, and says when a value was removed', async () => {
    const world = new Receivers({ messages: true })
    const { published } = world.webhooks.hubEvents
    published?.('a:1', { data: { codec: 'msgpack', bytes: new Uint8Array([1, 2, 255]) } }, stored)
    published?.('a:1', { data: json('null'), key: 'k', removed: true }, { ...stored, offset: 8 })
    expect(await told(world)).toMatchObject([
      { codec: 'msgpack', data: 'AQL/' },
      { key: 'k', removed: true, message: null },
    ])
  })

  it('tells a repeated publication under the name of the first, and nothing that may be another message', async () => {
    const world = new Receivers({ messages: true })
    const { published } = world.webhooks.hubEvents
    const publication = { id: 'p1', from: { session: 's', user: undefined }, data: json('1') }
    published?.('a:1', publication, stored)
    published?.('a:1', { ...publication, data: json('2') }, { ...stored, skipped: 'duplicate' })
    const [first, second] = await told(world)
    expect(first?.id).toBe(second?.id)
    expect(second).toEqual({
      ...{ id: 'a:1@Vq3m:7', type: 'published', time: 1_000_000, channel: 'a:1', ...stored },
      ...{ publicationId: 'p1', repeated: true },
    })
  })

  it('asks the hub for nothing that no backend wants', () => {
    const asked = (...settings: readonly Partial<ResolvedWebhook>[]) =>
      Object.entries(new Receivers(...settings).webhooks.hubEvents)
        .filter(([, wanted]) => wanted !== undefined)
        .map(([name]) => name)
    expect(asked({ events: ['connected', 'disconnected'] })).toEqual([])
    expect(asked({ events: ['published'] }, { events: ['unsubscribed'] })).toEqual([
      'unsubscribed',
      'published',
    ])
    expect(asked({ events: ['vacated'] })).toEqual(['occupancy'])
    expect(asked()).toEqual(['subscribed', 'unsubscribed', 'published', 'occupancy'])
  })

  it('covers the channels of any backend that wants to know who has subscribers', () => {
    const { webhooks } = new Receivers(
      { events: ['occupied'], channels: ['a:*'] },
      { events: ['vacated'], channels: ['b:1'] },
      { events: ['published'] },
    )
    const covers = (channel: string) => webhooks.hubEvents.occupancy?.covers(channel)
    expect(['a:1', 'b:1', 'b:2'].map(covers)).toEqual([true, true, false])
  })
})
