import { call, defineApi, json, MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { REVOKED, world } from '../../../test/revocation-world.js'
import { settle, TestClient } from '../../testing/index.js'
import { Identity } from '../identity.js'

const ANN = { user: 'ann' }

describe('[H10.5] something that is taken away', () => {
  it('is refused on every node, to all connections, and nothing else is', async () => {
    const { a, b } = await world()
    const ann = await Promise.all([a, a, b, b, b].map(({ connect }) => connect('ann')))
    const eve = await b.connect('eve')
    for (const one of [...ann, eve]) expect(await one.subscribe('chat:5')).toBe('subscribed')
    const told = await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish', 'history'] } })
    expect(told).toEqual({ sessions: 5, silent: [] })
    for (const one of ann) {
      expect([await one.publish('chat:5'), await one.history('chat:5')]).toEqual([REVOKED, REVOKED])
      expect([await one.publish('chat:6'), await one.send('chat:5'), await one.who('chat:5')]).toEqual([
        ...['published', 'sent', 'presence'],
      ])
      expect([one.ended(), one.client.closed]).toEqual([[], undefined])
    }
    expect([await eve.publish('chat:5'), await eve.history('chat:5')]).toEqual(['published', 'history'])
    expect(ann.map(({ heard }) => heard())).toEqual(Array(5).fill([{ name: 'chat:5', data: json(1) }]))
  })

  it('may be any action, by names that begin so, and calls', async () => {
    const { a } = await world()
    for (const method of ['refund', 'admin.reset', 'ring']) a.hub.handlers.handle(method, () => 'done')
    const ann = await a.connect('ann')
    await a.hub.revocations.revoke({
      ...ANN,
      ...{
        channels: { 'orders:*': ['*'], 'chat:x': ['ephemeral', 'presence'] },
        calls: ['refund', 'admin.*'],
      },
    })
    expect([
      await ann.subscribe('orders:1'),
      await ann.publish('orders:2'),
      await ann.history('orders:'),
    ]).toEqual([...[REVOKED, REVOKED, 107]])
    expect([
      await ann.subscribe('chat:x', { presence: true }),
      await ann.who('chat:x'),
      await ann.send('chat:x'),
    ]).toEqual([REVOKED, REVOKED, REVOKED])
    expect([await ann.subscribe('chat:x'), await ann.enter('chat:x'), await ann.publish('chat:x')]).toEqual([
      ...['subscribed', REVOKED, 'published'],
    ])
    expect([await ann.call('refund'), await ann.call('admin.reset'), await ann.call('ring')]).toEqual([
      ...[REVOKED, REVOKED, 'answered'],
    ])
  })

  it('may be everything on all channels, of which calls are none, and the other way round', async () => {
    const { a } = await world()
    a.hub.handlers.handle('refund', () => 'done')
    const [ann, eve] = [await a.connect('ann'), await a.connect('eve')]
    await a.hub.revocations.revoke({ ...ANN, channels: { '*': ['*'] } })
    await a.hub.revocations.revoke({ user: 'eve', calls: ['*'] })
    expect([await ann.subscribe('chat:1'), await ann.call('refund')]).toEqual([REVOKED, 'answered'])
    expect([await eve.subscribe('chat:1'), await eve.call('refund')]).toEqual(['subscribed', REVOKED])
  })

  it('says what is not allowed any more', async () => {
    const { a } = await world()
    const ann = await a.connect('ann')
    await a.hub.revocations.revoke({ ...ANN, channels: { '*': ['publish'] }, calls: ['*'] })
    expect((await ann.client.ask('publish', { channel: 'chat:5', data: json(1) })).body).toMatchObject({
      ...{ code: REVOKED, message: "Not allowed any more: publish on 'chat:5'", field: 'channel' },
    })
    expect((await ann.client.ask('call', { method: 'refund', data: json(1) })).body).toMatchObject({
      ...{ code: REVOKED, message: "Not allowed any more: calling 'refund'", field: 'method' },
    })
  })

  it('comes before what the token says and hooks, which are not asked', async () => {
    const { a } = await world({
      authenticate: () =>
        new Identity({ id: 'ann' }, { capabilities: { channels: { '*': ['*'] }, calls: ['*'] } }),
    })
    const asked: string[] = []
    a.hub.policy.authorize('chat:{room}', ({ channel: name }) => asked.push(name) > 0)
    const ann = await a.connect('ann')
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['*'] } })
    expect([await ann.publish('chat:5'), await ann.publish('chat:6'), asked]).toEqual([
      ...[REVOKED, 'published', ['chat:6']],
    ])
  })

  it('is refused of a command that was being decided meanwhile', async () => {
    const decisions: ((allowed: boolean) => void)[] = []
    const { a } = await world()
    a.hub.policy.authorize('chat:{room}', () => new Promise((resolve) => decisions.push(resolve)))
    a.hub.policy.authorize('orders:{id}', () => true)
    a.hub.handlers.relay('ring', () => new Promise((resolve) => decisions.push(resolve)))
    const ann = await a.connect('ann')
    const eve = await a.connect('eve')
    const ids = [
      ann.client.say('publish', { channel: 'chat:1', data: json(1) }),
      ann.client.say('ephemeral', { channel: 'chat:2', data: json(1) }),
      ann.client.say('history', { channel: 'chat:3', limit: 1 }),
      ann.client.say('presence', { channel: 'chat:4' }),
      ann.client.say('subscribe', { channel: 'chat:5' }),
      ann.client.say('call', { method: 'ring', data: json(1), to: { session: eve.client.session.id } }),
      ann.client.say('call', { method: 'ring', data: json(1), to: { user: 'eve' }, ttl: 1_000 }),
    ]
    await settle()
    expect(decisions).toHaveLength(ids.length)
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:*': ['*'] }, calls: ['ring'] })
    for (const decide of decisions) decide(true)
    await settle()
    for (const id of ids)
      expect(ann.reply(id)).toMatchObject({
        body: { code: REVOKED },
      })
    expect([eve.client.of('call'), ann.client.session.subscriptions.size]).toEqual([[], 0])
    expect((await a.hub.history('chat:1', { before: 9, limit: 1 })).publications).toEqual([])
  })

  it('is refused of who was being let in as a member meanwhile, and nobody sees one', async () => {
    const { a } = await world()
    const [ann, eve] = [await a.connect('ann'), await a.connect('eve')]
    await ann.subscribe('chat:1')
    for (const name of ['chat:1', 'chat:2']) await eve.subscribe(name, { presence: true })
    const decisions: (() => void)[] = []
    a.hub.policy.authorize(
      'chat:{room}',
      ({ action }) => action === 'subscribe' || new Promise((resolve) => decisions.push(() => resolve(true))),
    )
    const ids = [
      ann.client.say('enter', { channel: 'chat:1', data: json('me') }),
      ann.client.say('subscribe', { channel: 'chat:2', data: json('me') }),
    ]
    await settle()
    expect(decisions).toHaveLength(2)
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:1': ['presence'], 'chat:2': ['subscribe'] } })
    for (const decide of decisions) decide()
    await settle()
    for (const id of ids) expect(ann.reply(id)).toMatchObject({ body: { code: REVOKED } })
    expect(eve.client.of('joined')).toEqual([])
  })

  it('is refused of a call whose request was being checked meanwhile', async () => {
    let go = (): void => {}
    const held = new Promise<void>((resolve) => (go = resolve))
    const slow = z.number().refine(async () => held.then(() => true))
    const { a } = await world({ api: defineApi({ calls: { refund: call({ request: slow }) } }) })
    const asked: unknown[] = []
    a.hub.handlers.handle('refund', ({ request }) => asked.push(request))
    const ann = await a.connect('ann')
    const id = ann.client.say('call', { method: 'refund', data: json(1) })
    await settle()
    await a.hub.revocations.revoke({ ...ANN, calls: ['refund'] })
    go()
    await settle()
    expect(ann.reply(id)).toMatchObject({
      body: { code: REVOKED },
    })
    expect(asked).toEqual([])
  })

  it('leaves a call that is under way to its end, and commands that wait', async () => {
    const { a } = await world()
    let answer = (_: string): void => {}
    a.hub.handlers.handle('refund', () => new Promise((resolve) => (answer = resolve)))
    a.hub.handlers.relay('ring', () => true)
    const ann = await a.connect('ann')
    const id = ann.client.say('call', { method: 'refund', data: json(1) })
    ann.client.say('call', { method: 'ring', data: json(1), to: { user: 'door' }, ttl: 60_000, id: 'r-1' })
    await settle()
    await a.hub.revocations.revoke({ ...ANN, calls: ['*'] })
    answer('paid')
    await settle()
    expect(ann.reply(id)).toMatchObject({ kind: 'answered' })
    expect(await a.hub.commands.list('door')).toMatchObject([{ id: 'r-1', by: { user: 'ann' } }])
    expect(await ann.call('refund')).toBe(REVOKED)
  })

  it('costs who has nothing taken away a look at one field', async () => {
    const { a } = await world()
    const [ann, eve] = [await a.connect('ann'), await a.connect('eve')]
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish'] } })
    expect([ann.client.session.withheld === undefined, eve.client.session.withheld]).toEqual([
      false,
      undefined,
    ])
  })
})

describe('[H10.6] a subscription to what was taken away', () => {
  it('ends at once, with the reason, and brings nothing more; others go on', async () => {
    const { a, b } = await world()
    const ann = await b.connect('ann')
    for (const name of ['chat:5', 'chat:6', 'orders:1']) await ann.subscribe(name)
    for (const name of ['chat:5', 'chat:6', 'orders:1']) await a.hub.publish(name, 'before')
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['subscribe'], 'orders:*': ['*'] } })
    for (const name of ['chat:5', 'chat:6', 'orders:1']) await a.hub.publish(name, 'after')
    await settle()
    expect(ann.ended()).toEqual([
      { channel: 'chat:5', code: REVOKED, reason: "Not allowed any more: subscribe on 'chat:5'" },
      { channel: 'orders:1', code: REVOKED, reason: "Not allowed any more: subscribe on 'orders:1'" },
    ])
    expect(ann.heard().slice(3)).toEqual([{ name: 'chat:6', data: json('after') }])
    expect(await ann.subscribe('chat:5')).toBe(REVOKED)
    // There is no subscription left from which it could be asked on.
    const since = { epoch: 'epoch-1', offset: 0 }
    expect((await ann.client.ask('history', { channel: 'orders:1', since })).body).toMatchObject({
      code: REVOKED,
    })
  })

  it('ends before it was answered, and stays ended', async () => {
    const { a, b } = await world()
    const ann = await b.connect('ann')
    const { read } = b.broker
    let go = (): void => {}
    const held = new Promise<void>((resolve) => (go = resolve))
    b.broker.read = async (...range) => {
      await held
      return read.apply(b.broker, range)
    }
    const ids = [
      ann.client.say('subscribe', { channel: 'chat:5', history: 5 }),
      ann.client.say('subscribe', { channel: 'chat:6', history: 5, data: json('me') }),
      ann.client.say('subscribe', { channel: 'chat:7', history: 5 }),
    ]
    await settle()
    const revoking = a.hub.revocations.revoke({
      ...ANN,
      channels: { 'chat:5': ['subscribe'], 'chat:6': ['presence'] },
    })
    await settle()
    await b.hub.unsubscribe(ann.client.session, 'chat:7', new MillraceError('disconnected'))
    go()
    await revoking
    await settle()
    const replies = ids.map((id) => ann.reply(id))
    expect(replies).toMatchObject([
      { body: { code: REVOKED } },
      { body: { code: REVOKED } },
      { body: { code: 4502 } },
    ])
    expect([ann.client.session.subscriptions.size, await b.hub.presence('chat:6')]).toEqual([0, []])
  })

  it('ends with its presence, and who is there without one departs, at once', async () => {
    const { a, b, clock } = await world()
    const [ann, eve] = [await b.connect('ann'), await a.connect('eve')]
    await eve.subscribe('chat:5', { presence: true })
    await eve.subscribe('chat:6', { presence: true })
    await ann.subscribe('chat:5', { data: json('me') })
    await ann.subscribe('chat:6')
    await ann.enter('chat:6')
    await ann.subscribe('chat:7', { presence: true })
    await ann.subscribe('chat:8')
    await a.hub.revocations.revoke({
      ...ANN,
      channels: {
        'chat:5': ['subscribe'],
        'chat:6': ['presence'],
        'chat:7': ['presence'],
        'chat:8': ['presence'],
      },
    })
    await settle()
    expect(
      eve.client
        .of('departed')
        .map(({ channel: name }) => name)
        .sort(),
    ).toEqual(['chat:5', 'chat:6'])
    expect(ann.ended().map((body) => (body as { reason: string }).reason)).toEqual([
      "Not allowed any more: subscribe on 'chat:5'",
      "Not allowed any more: presence on 'chat:6'",
      "Not allowed any more: presence on 'chat:7'",
    ])
    expect([...ann.client.session.subscriptions.keys()]).toEqual(['chat:8'])
    await clock.advance(20_000)
    expect(eve.client.of('departed')).toHaveLength(2)
  })

  it('departs as soon as the broker can be asked', async () => {
    const { a, b, clock } = await world()
    const ann = await b.connect('ann')
    await ann.subscribe('chat:5', { data: json('me') })
    b.broker.depart = async () => {
      throw new MillraceError('unavailable')
    }
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['presence'] } })
    await clock.advance(1_000)
    expect(await a.hub.presence('chat:5')).toHaveLength(1)
    Reflect.deleteProperty(b.broker, 'depart')
    for (let seconds = 0; seconds < 12; seconds += 3) {
      await clock.advance(3_000)
      await ann.client.ask('ping', {})
    }
    expect(await a.hub.presence('chat:5')).toEqual([])
  })

  it.each(['subscribe', 'presence'] as const)(
    'takes along who left a moment ago and would have stayed for another: %s',
    async (action) => {
      const { a } = await world()
      const ann = await a.connect('ann')
      await ann.subscribe('chat:5', { data: json('me') })
      await ann.client.ask('unsubscribe', { channel: 'chat:5' })
      expect(await a.hub.presence('chat:5')).toHaveLength(1)
      await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': [action] } })
      await settle()
      expect(await a.hub.presence('chat:5')).toEqual([])
    },
  )

  it('is not made by the server either', async () => {
    const log: string[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => log.push(message) }
    const { a } = await world({ subscriptions: () => ['chat:5', 'chat:6'], logger })
    const before = await a.connect('ann')
    await settle()
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['subscribe'] } })
    await settle()
    const after = await a.connect('ann')
    await settle()
    for (const { client } of [before, after]) {
      expect([...client.session.subscriptions.keys()]).toEqual(['chat:6'])
      await expect(a.hub.subscribe(client.session, 'chat:5')).rejects.toMatchObject({ kind: 'revoked' })
    }
    expect(log).toEqual([])
  })

  it('of a reader ends too', async () => {
    const { a } = await world()
    const reader = new (class extends TestClient {
      readonly onlyReads = true
    })(a.hub)
    await reader.ask('connect', { version: 1, token: 'ann' })
    await reader.ask('subscribe', { channel: 'chat:5' })
    expect(await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:*': ['subscribe'] } })).toMatchObject({
      ...{ sessions: 1 },
    })
    await settle()
    expect(reader.of('unsubscribed')).toMatchObject([{ channel: 'chat:5', code: REVOKED }])
  })
})

describe('[H10.4] what hooks know of a user', () => {
  it('is forgotten on every node when something of it is taken away', async () => {
    const { a, b } = await world()
    const forgotten: string[] = []
    for (const [name, { hub }] of Object.entries({ a, b }))
      hub.policy.authorize(
        'chat:{room}',
        Object.assign(() => true, { forget: (user: string) => forgotten.push(`${name}: ${user}`) }),
      )
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish'] } })
    await settle()
    expect(forgotten.sort()).toEqual(['a: ann', 'b: ann'])
  })
})
