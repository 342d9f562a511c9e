import { CODES, channel, defineApi, json, type MessageBodies } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, SharedBroker, settle, TestClient, testHub } from '../testing/index.js'
import type { Broker } from './broker-ports.js'
import type { Hub } from './hub.js'
import type { HubOptions } from './hub-options.js'

const api = defineApi({
  channels: { 'room:{id}': channel({ message: z.string(), presence: z.string(), publish: 'anyone' }) },
  calls: {},
})
const ENTER = { channel: 'room:1', presence: true, data: json('here') }

interface Scene {
  readonly hub: Hub
  readonly clock: FakeClock
  /** Sees who comes and goes. */
  readonly watcher: TestClient
}

async function scene(options: Partial<HubOptions> = {}): Promise<Scene> {
  const { hub, clock } = testHub({ api, ...options })
  await settle()
  const watcher = new TestClient(hub)
  await watcher.connect('watcher')
  await watcher.ask('subscribe', { channel: 'room:1', presence: true })
  return { hub, clock, watcher }
}

async function connect(hub: Hub, by: { token?: string; resume?: string | undefined } = {}) {
  const client = new TestClient(hub)
  const { body } = await client.connect(by.token, by.resume)
  return { client, said: body as MessageBodies['connected'] }
}

const told = (watcher: TestClient): string[] =>
  watcher.messages.map(({ kind }) => kind).filter((kind) => ['joined', 'updated', 'departed'].includes(kind))

/** Lets time pass while the watcher and others answer pings. */
async function pass({ clock, watcher }: Scene, ms: number, ...others: TestClient[]): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) {
    await clock.advance(Math.min(left, 1000))
    for (const client of [watcher, ...others]) client.session.heard()
  }
}

/** A node's way to a store of which only another node is told anything. */
const deafTo = (store: MemoryBroker): Broker => ({
  exact: true,
  start: async () => {},
  close: async () => {},
  join: async () => {},
  leave: async () => {},
  append: (...args) => store.append(...args),
  read: (...args) => store.read(...args),
  heads: (...args) => store.heads(...args),
  send: (...args) => store.send(...args),
  enter: (...args) => store.enter(...args),
  depart: (...args) => store.depart(...args),
  members: (...args) => store.members(...args),
  count: (...args) => store.count(...args),
  secret: (...args) => store.secret(...args),
})

describe('a session that comes back', () => {
  it('[H1.6] [P1.10] is the same session, and nobody saw it go or come', async () => {
    const { hub, clock, watcher } = await scene()
    const first = await connect(hub)
    await first.client.ask('subscribe', ENTER)
    first.client.session.closed(1006)
    await clock.advance(4_000)
    const second = await connect(hub, { resume: first.said.resume })
    expect(second.said).toMatchObject({ session: first.said.session, resumed: true })
    expect(second.said.resume).not.toBe(first.said.resume)
    const reply = await second.client.ask('subscribe', ENTER)
    expect(reply.body).toMatchObject({ members: [{ session: first.said.session, since: 1_000_000 }] })
    await pass({ hub, clock, watcher }, 30_000, second.client)
    expect(told(watcher)).toEqual(['joined'])
    expect(await hub.presence('room:1')).toMatchObject([{ session: first.said.session }])
  })

  it('[H1.5] departs after its grace when it does not come back', async () => {
    const all = await scene()
    const { hub, watcher } = all
    const { client } = await connect(hub)
    await client.ask('subscribe', ENTER)
    client.session.closed(1006)
    await pass(all, 9_900)
    expect(told(watcher)).toEqual(['joined'])
    await pass(all, 200)
    expect(told(watcher)).toEqual(['joined', 'departed'])
    expect(await hub.presence('room:1')).toEqual([])
  })

  it('[H1.5] departs after its grace from where it did not enter again', async () => {
    const all = await scene()
    const { hub, watcher } = all
    const first = await connect(hub)
    await first.client.ask('subscribe', ENTER)
    first.client.session.closed(1006)
    const second = await connect(hub, { resume: first.said.resume })
    await second.client.ask('subscribe', { channel: 'room:1' })
    await pass(all, 10_100)
    expect(told(watcher)).toEqual(['joined', 'departed'])
  })

  it('[H1.5] leaves at once when it says so, though it entered by an earlier connection', async () => {
    const { hub, watcher } = await scene()
    const first = await connect(hub)
    await first.client.ask('subscribe', ENTER)
    first.client.session.closed(1006)
    const second = await connect(hub, { resume: first.said.resume })
    await second.client.ask('subscribe', { channel: 'room:1' })
    await second.client.ask('leave', { channel: 'room:1' })
    expect(told(watcher)).toEqual(['joined', 'departed'])
  })

  it.each([
    ['goodbye', 1000],
    ['a page that is gone', 1001],
    ['a policy it broke', 1008],
    ['authentication', CODES['authentication-failed'].code],
  ])('[H1.5] departs at once after %s', async (_, code) => {
    const { hub, watcher } = await scene()
    const { client } = await connect(hub)
    await client.ask('subscribe', ENTER)
    client.session.closed(code)
    await settle()
    expect(told(watcher)).toEqual(['joined', 'departed'])
  })

  it('[H1.5] has no grace where the server gives none', async () => {
    const { TEST_LIMITS } = await import('../testing/index.js')
    const all = await scene({ limits: { ...TEST_LIMITS, grace: 0 } })
    const { client } = await connect(all.hub)
    await client.ask('subscribe', ENTER)
    client.session.closed(1006)
    await pass(all, 10)
    expect(told(all.watcher)).toEqual(['joined', 'departed'])
  })

  it('[H1.7] has one connection: the earlier one is closed, and changes nothing any more', async () => {
    const all = await scene()
    const { hub, watcher } = all
    const first = await connect(hub)
    await first.client.ask('subscribe', ENTER)
    const second = await connect(hub, { resume: first.said.resume })
    expect(first.client.closed?.code).toBe(CODES.superseded.code)
    await second.client.ask('subscribe', ENTER)
    first.client.say('enter', { channel: 'room:1', data: json('stale') })
    await pass(all, 15_000, second.client)
    expect(told(watcher)).toEqual(['joined'])
    expect(hub.directory.session(first.said.session)).toBe(second.client.session)
  })

  it.each([
    ['as they were sent', [2, 3]],
    ['in another order', [3, 2]],
  ])('[H1.7] of two that come back, heard %s, the later one has it', async (_, attempts) => {
    const { hub } = await scene()
    const first = await connect(hub)
    first.client.session.closed(1006)
    const { resume } = first.said
    const clients = attempts.map((attempt) => {
      const client = new TestClient(hub)
      client.say('connect', { version: 1, resume, attempt })
      return { client, attempt }
    })
    await settle()
    for (const { client, attempt } of clients)
      expect([attempt, client.closed?.code]).toEqual([
        attempt,
        attempt === 3 ? undefined : CODES.superseded.code,
      ])
    const [here] = [...hub.directory.all()].filter(({ id }) => id === first.said.session)
    expect(here?.taken).toEqual({ session: first.said.session, generation: 3 })
  })

  it('[H1.6] a client that does not count its connections comes back as well', async () => {
    const { hub } = await scene()
    let { client, said } = await connect(hub)
    for (const generation of [1, 2, 3]) {
      const { session } = said
      client.session.closed(1006)
      ;({ client, said } = await connect(hub, { resume: said.resume }))
      expect(client.session.taken).toEqual({ session, generation })
    }
  })

  it('[H1.6] a session is another’s with another user’s credentials', async () => {
    const { hub } = await scene({ authenticate: ({ token = '' }) => ({ id: token }) })
    const first = await connect(hub, { token: 'ada' })
    const thief = await connect(hub, { token: 'eve', resume: first.said.resume })
    expect(thief.said.session).not.toBe(first.said.session)
    expect(thief.said.resumed).toBeUndefined()
    expect(first.client.closed).toBeUndefined()
    const again = await connect(hub, { token: 'ada', resume: first.said.resume })
    expect(again.said.session).toBe(first.said.session)
  })

  it('[H1.7] [B12] over two nodes: the member goes along, and the node that had it lets go', async () => {
    const clock = new FakeClock()
    const store = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const all = await scene({ clock, broker: store, node: 'b' })
    // A second node over the same store, which hears nothing of what the store has to tell.
    const other = testHub({ api, clock, broker: deafTo(store), node: 'a' }).hub
    await settle()
    const first = await connect(other)
    await first.client.ask('subscribe', ENTER)
    // The connection to the first node is dead, and the node does not know.
    const second = await connect(all.hub, { resume: first.said.resume })
    expect(second.said).toMatchObject({ session: first.said.session, resumed: true, node: 'b' })
    await second.client.ask('subscribe', ENTER)
    await pass(all, 30_000, second.client)
    expect(first.client.closed?.code).toBe(CODES['heartbeat-timeout'].code)
    expect(told(all.watcher)).toEqual(['joined'])
    expect(await all.hub.presence('room:1')).toMatchObject([{ session: first.said.session }])
  })

  it('[H1.5] a node that closes leaves its members to the node they come back to', async () => {
    const { hub } = await scene()
    const { client } = await connect(hub)
    await client.ask('subscribe', ENTER)
    await hub.close(2_000)
    expect(await hub.presence('room:1')).toMatchObject([{ data: 'here' }])
  })
})

describe('presence over several nodes', () => {
  async function twoNodes() {
    const clock = new FakeClock()
    const shared = new SharedBroker(clock)
    const [brokerA, brokerB] = [shared.node(), shared.node()]
    const a = testHub({ api, clock, broker: brokerA, node: 'a' }).hub
    const { hub: b, watcher } = await scene({ clock, broker: brokerB, node: 'b' })
    await settle()
    return { clock, a, b, brokerA, brokerB, watcher }
  }

  it('[H1.7] a connection that another node has superseded is closed at once', async () => {
    const { a, b, watcher } = await twoNodes()
    const first = await connect(a)
    await first.client.ask('subscribe', ENTER)
    const second = await connect(b, { resume: first.said.resume })
    await second.client.ask('subscribe', ENTER)
    await settle()
    expect(first.client.closed?.code).toBe(CODES.superseded.code)
    expect([a.size, told(watcher)]).toEqual([0, ['joined']])
  })

  it('[H3.6] whoever asks who is there is told which nodes are silent, within half a second', async () => {
    const { clock, b, brokerA, watcher } = await twoNodes()
    expect((await watcher.ask('presence', { channel: 'room:1' })).body).toEqual({
      channel: 'room:1',
      count: 0,
    })
    brokerA.isDeaf = true
    await clock.advance(1_000)
    const asked = watcher.say('presence', { channel: 'room:1' })
    await clock.advance(450)
    expect(watcher.messages.find(({ id }) => id === asked)?.body).toMatchObject({ count: 0, silent: ['a'] })
    expect(b.size).toBe(1)
  })

  it('[H1.5] who subscribes anew while the broker fails to take it out stays a member', async () => {
    const all = await twoNodes()
    const { b, brokerB, clock } = all
    const { client, said } = await connect(b)
    await client.ask('subscribe', ENTER)
    await client.ask('unsubscribe', { channel: 'room:1' })
    let fail = (_: Error): void => {}
    const depart = brokerB.depart.bind(brokerB)
    brokerB.depart = () => new Promise((_, reject) => (fail = reject))
    await clock.advance(1_100)
    await client.ask('subscribe', ENTER)
    fail(new Error('the broker is away'))
    brokerB.depart = depart
    await pass({ hub: b, ...all }, 30_000, client)
    expect(await b.presence('room:1')).toMatchObject([{ session: said.session }])
  })

  it('[H3.6] is told so where the broker does not answer', async () => {
    const { clock, brokerB, watcher } = await twoNodes()
    brokerB.members = () => new Promise(() => {})
    brokerB.count = () => new Promise(() => {})
    const asked = [false, true].map((count) => watcher.say('presence', { channel: 'room:1', count }))
    // Commands on one channel are carried out one after the other.
    await clock.advance(1_000)
    for (const id of asked)
      expect(watcher.messages.find((message) => message.id === id)?.body).toMatchObject({
        code: CODES.unavailable.code,
        message: 'The broker did not say who is present within 500 ms',
      })
  })
})
