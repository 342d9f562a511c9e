import { channel, defineApi, json } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import { FakeClock, SharedBroker, settle, TestClient, testHub } from '../../testing/index.js'
import { newSubscription } from '../subscription.js'
import type { HubEvents } from './hub-events.js'
import { SubscriptionWatch } from './subscription-watch.js'

const api = defineApi({
  channels: {
    'chat:{room}': channel({ publish: 'anyone', identify: true }),
    'inbox:{user}': channel(),
    'price:{symbol}': channel({ publish: 'anyone', conflate: 'id' }),
  },
})

class ReadingClient extends TestClient {
  readonly onlyReads = true
}

/** A hub, and what it told in order. */
async function world(only: readonly (keyof HubEvents)[] = ['subscribed', 'unsubscribed', 'published']) {
  const told: unknown[] = []
  const all: HubEvents = {
    subscribed: ({ user }, channel) => told.push(['subscribed', user?.id, channel]),
    unsubscribed: ({ user }, channel) => told.push(['unsubscribed', user?.id, channel]),
    published: (channel, { id, from, key, removed }, { offset, skipped }) =>
      told.push(['published', channel, offset, id, from?.user, key, removed, skipped]),
  }
  const events = Object.fromEntries(only.map((name) => [name, all[name]]))
  const onSession = (event: string) => told.push([event])
  const { hub, clock } = testHub({
    ...{ api, events, onSession },
    authenticate: ({ token }) => ({ id: String(token) }),
  })
  const ann = new TestClient(hub)
  await ann.connect('ann')
  told.splice(0)
  const since = () => told.splice(0)
  return { hub, clock, ann, since }
}

const published = (offset: number, ...more: unknown[]) => {
  const [id, user, key, removed, skipped] = more
  return ['published', 'chat:lobby', offset, id, user, key, removed, skipped]
}

describe('[H13.1] the hub tells', () => {
  it('who subscribes and unsubscribes, by the client or the server', async () => {
    const { hub, ann, since } = await world()
    await ann.ask('subscribe', { channel: 'chat:lobby' })
    await hub.subscribe(ann.session, 'inbox:ann')
    await ann.ask('unsubscribe', { channel: 'chat:lobby' })
    expect(since()).toEqual([
      ['subscribed', 'ann', 'chat:lobby'],
      ['subscribed', 'ann', 'inbox:ann'],
      ['unsubscribed', 'ann', 'chat:lobby'],
    ])
    expect((await ann.ask('unsubscribe', { channel: 'chat:lobby' })).kind).toBe('error')
    expect((await ann.ask('subscribe', { channel: 'inbox:ann' })).kind).toBe('error')
    expect(since()).toEqual([])
  })

  it('that a session’s subscriptions end with its connection, before that it is gone', async () => {
    const { ann, since } = await world()
    await ann.ask('subscribe', { channel: 'chat:lobby' })
    since()
    ann.session.closed(1006)
    expect(since()).toEqual([['unsubscribed', 'ann', 'chat:lobby'], ['disconnect']])
  })

  it('that they end when the hub closes', async () => {
    const { hub, ann, since } = await world()
    await ann.ask('subscribe', { channel: 'chat:lobby' })
    since()
    await hub.close(1_000)
    expect(since()).toEqual([['unsubscribed', 'ann', 'chat:lobby'], ['disconnect']])
  })

  it('nothing of a subscription that fails, or whose session ends half way', async () => {
    const told = vi.fn()
    const shared = new SharedBroker(new FakeClock())
    const broker = shared.node()
    const { hub } = testHub({
      ...{ api, broker, clock: shared.clock as FakeClock },
      events: { subscribed: told, unsubscribed: told },
    })
    await settle()
    const [ann, bob] = [new TestClient(hub), new TestClient(hub)]
    await ann.connect()
    await bob.connect()
    broker.isAway = true
    expect((await ann.ask('subscribe', { channel: 'chat:lobby' })).kind).toBe('error')
    broker.isAway = false
    bob.say('subscribe', { channel: 'chat:lobby' })
    bob.session.closed(1006)
    await settle()
    expect(told).not.toHaveBeenCalled()
    expect((await ann.ask('subscribe', { channel: 'chat:lobby' })).kind).toBe('subscribed')
    expect(told).toHaveBeenCalledTimes(1)
  })

  it('nothing of a reader, who is nobody’s session', async () => {
    const { hub, since } = await world()
    const reader = new ReadingClient(hub)
    await reader.connect('eve')
    await reader.ask('subscribe', { channel: 'chat:lobby' })
    reader.session.closed(1000)
    expect(since()).toEqual([])
  })

  it('what is published, by clients and by the application, once it is stored', async () => {
    const { hub, ann, since } = await world()
    const position = await ann.ask('publish', { channel: 'chat:lobby', data: json('hi'), id: 'p1' })
    expect(position.kind).toBe('published')
    await hub.publish('chat:lobby', 'hello')
    await hub.publish('price:eur', { id: 'EUR', price: 1 })
    await hub.publish('price:eur', null, { remove: 'EUR' })
    expect(since()).toEqual([
      published(1, 'p1', 'ann'),
      published(2),
      ['published', 'price:eur', 1, undefined, undefined, 'EUR', undefined, undefined],
      ['published', 'price:eur', 2, undefined, undefined, 'EUR', true, undefined],
    ])
  })

  it('a repeated publication again, and none that was not stored', async () => {
    const { hub, ann, since } = await world()
    await ann.ask('publish', { channel: 'chat:lobby', data: json('hi'), id: 'p1' })
    await ann.ask('publish', { channel: 'chat:lobby', data: json('hi'), id: 'p1' })
    await hub.publish('chat:lobby', 'new', { version: 5 })
    await hub.publish('chat:lobby', 'old', { version: 4 })
    await hub.publish('price:eur', { id: 'EUR' })
    await expect(hub.publish('price:eur', { id: 'EUR' }, { expect: 0 })).rejects.toThrow('offset')
    await ann.ask('publish', { channel: 'inbox:ann', data: json('forbidden') })
    expect(since()).toEqual([
      published(1, 'p1', 'ann'),
      published(1, 'p1', 'ann', undefined, undefined, 'duplicate'),
      published(2),
      ['published', 'price:eur', 1, undefined, undefined, 'EUR', undefined, undefined],
    ])
  })

  it('once that a subscription ends, however often that is said', async () => {
    const { ann, since } = await world()
    const left = vi.fn()
    const watch = new SubscriptionWatch({ unsubscribed: left }, undefined)
    const subscription = newSubscription('chat:lobby', ann.session)
    watch.left(subscription)
    watch.joined(subscription, ann.session)
    for (let n = 0; n < 2; n++) watch.left(subscription)
    expect(left.mock.calls).toEqual([[ann.session, 'chat:lobby']])
    expect(since()).toEqual([])
  })

  it('nothing that nobody wants', async () => {
    const { hub, ann, since } = await world([])
    await ann.ask('subscribe', { channel: 'chat:lobby' })
    await hub.publish('chat:lobby', 'hello')
    await ann.ask('unsubscribe', { channel: 'chat:lobby' })
    expect(since()).toEqual([])
  })
})
