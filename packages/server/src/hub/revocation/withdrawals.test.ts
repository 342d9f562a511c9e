import { call, channel, defineApi, json, MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { FakeClock, SequenceRandom, SharedBroker, settle, TestClient, testHub } from '../../testing/index.js'
import type { HubOptions } from '../hub-options.js'
import { Identity } from '../identity.js'

const REVOKED = 121

const api = defineApi({
  channels: {
    'chat:{room}': channel({
      publish: 'anyone',
      history: { size: 100 },
      presence: z.string(),
      ephemeral: z.number(),
    }),
    'orders:{id}': channel({ publish: 'anyone', history: { size: 100 } }),
  },
  calls: { refund: call({}), 'admin.reset': call({}), ring: call({ wait: { ttl: '1h', size: 10 } }) },
})

/** A token is `user`, or `user:id:issued` with the milliseconds since 1970. */
const authenticate: HubOptions['authenticate'] = ({ token = '' }) => {
  const [id = '', tokenId, issued] = token.split(':')
  return new Identity({ id }, { tokenId, issued: issued === undefined ? undefined : Number(issued) })
}

/** Two nodes of one broker, and as many more as are started. */
async function world(options: Partial<HubOptions> = {}) {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  // So that no two nodes give the same name to sessions.
  const random = new SequenceRandom()
  const start = async (node: string, itsClock = clock) => {
    const broker = shared.node()
    const { hub } = testHub({ api, clock: itsClock, random, broker, node, authenticate, ...options })
    await settle()
    const connect = async (token: string, resume?: string) => {
      const client = new TestClient(hub)
      const reply = await client.ask('connect', { version: 1, token, resume })
      return { client, resume: (reply.body as { resume?: string }).resume, ...asker(client) }
    }
    return { hub, broker, connect }
  }
  return { clock, shared, start, a: await start('a'), b: await start('b') }
}

/** Says commands in few words; each is answered by the kind of its reply, or its code. */
function asker(client: TestClient) {
  const ask: (...command: Parameters<TestClient['ask']>) => Promise<unknown> = async (...command) => {
    const reply = await client.ask(...command)
    return reply.kind === 'error' ? reply.body.code : reply.kind
  }
  return {
    publish: (name: string) => ask('publish', { channel: name, data: json(1) }),
    send: (name: string) => ask('ephemeral', { channel: name, data: json(1) }),
    history: (name: string) => ask('history', { channel: name, limit: 1 }),
    who: (name: string) => ask('presence', { channel: name }),
    enter: (name: string) => ask('enter', { channel: name, data: json('me') }),
    subscribe: (name: string, more: object = {}) => ask('subscribe', { channel: name, ...more }),
    call: (method: string) => ask('call', { method, data: json(1) }),
    /** What the server said of subscriptions that it ended. */
    ended: () =>
      client.messages.filter(({ kind, id }) => kind === 'unsubscribed' && id === 0).map(({ body }) => body),
    heard: () => client.of('publication').map(({ channel: name, data }) => ({ name, data })),
  }
}

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
      expect(ann.client.messages.find((message) => message.id === id)).toMatchObject({
        body: { code: REVOKED },
      })
    expect([eve.client.of('call'), ann.client.session.subscriptions.size]).toEqual([[], 0])
    expect((await a.hub.history('chat:1', { before: 9, limit: 1 })).publications).toEqual([])
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
    expect(ann.client.messages.find((message) => message.id === id)).toMatchObject({ kind: 'answered' })
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
    const replies = ids.map((id) => ann.client.messages.find((message) => message.id === id))
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

  it('takes along who left a moment ago and would have stayed for another', async () => {
    const { a } = await world()
    const ann = await a.connect('ann')
    await ann.subscribe('chat:5', { data: json('me') })
    await ann.client.ask('unsubscribe', { channel: 'chat:5' })
    expect(await a.hub.presence('chat:5')).toHaveLength(1)
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['presence'] } })
    await settle()
    expect(await a.hub.presence('chat:5')).toEqual([])
  })

  it('is not made by the server either', async () => {
    const { a } = await world({ subscriptions: () => ['chat:5', 'chat:6'] })
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

describe('[H10.7] who comes later by what was taken away', () => {
  it('has it no more, on whichever node, in the session it had and in another', async () => {
    const { a, b, start } = await world()
    const ann = await a.connect('ann')
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish'] } })
    ann.client.session.closed(1006)
    for (const { connect } of [a, b, await start('late')])
      for (const one of [await connect('ann'), await connect('ann', ann.resume)])
        expect([await one.publish('chat:5'), await one.publish('chat:6')]).toEqual([REVOKED, 'published'])
  })

  it('has it again by a token of the user that was issued later, also on the connection that stands', async () => {
    const { clock, a, b } = await world()
    const now = clock.now()
    const ann = await a.connect(`ann:t:${now - 1_000}`)
    await b.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish'] } })
    expect(await ann.publish('chat:5')).toBe(REVOKED)
    for (const { connect } of [a, b]) {
      expect(await (await connect(`ann:t:${now}`)).publish('chat:5')).toBe(REVOKED)
      expect(await (await connect(`ann:t:${now + 1_000}`)).publish('chat:5')).toBe('published')
    }
    await ann.client.ask('refresh', { token: `ann:t:${now}` })
    expect(await ann.publish('chat:5')).toBe(REVOKED)
    await ann.client.ask('refresh', { token: `ann:t:${now + 1_000}` })
    expect(await ann.publish('chat:5')).toBe('published')
  })

  it('loses it with a token that has not got it', async () => {
    const { clock, a } = await world()
    await a.hub.revocations.revoke({ tokenId: 'weak', channels: { 'chat:5': ['subscribe', 'publish'] } })
    const ann = await a.connect(`ann:strong:${clock.now()}`)
    expect([await ann.subscribe('chat:5'), await ann.publish('chat:5')]).toEqual(['subscribed', 'published'])
    await ann.client.ask('refresh', { token: `ann:weak:${clock.now() + 9_000}` })
    expect(ann.ended()).toMatchObject([{ channel: 'chat:5', code: REVOKED }])
    expect(await ann.publish('chat:5')).toBe(REVOKED)
    await ann.client.ask('refresh', { token: 'ann:strong:1' })
    expect(await ann.publish('chat:5')).toBe('published')
  })

  it('of a session has it no more in that one, whatever its token', async () => {
    const { clock, a, b } = await world()
    const ann = await a.connect('ann')
    const other = await a.connect('ann')
    await b.hub.revocations.revoke({ session: ann.client.session.id, channels: { 'chat:5': ['*'] } })
    expect([await ann.publish('chat:5'), await other.publish('chat:5')]).toEqual([REVOKED, 'published'])
    const again = await b.connect(`ann:t:${clock.now() + 9_000}`, ann.resume)
    expect(again.client.session.id).toBe(ann.client.session.id)
    expect(await again.publish('chat:5')).toBe(REVOKED)
  })

  it('has it again by a token of the channel that was issued later, and by no other', async () => {
    const issued = {
      early: (now: number) => now - 1,
      late: (now: number) => now + 1,
      unknown: () => undefined,
    }
    const { clock, a } = await world({
      channelTokens: ({ token }) => ({
        actions: ['*'],
        issued: issued[token as keyof typeof issued](token === 'early' ? 1_000 : 9e12),
      }),
    })
    a.hub.policy.authorize('orders:{id}', () => false)
    await clock.advance(10_000)
    const ann = await a.connect('ann')
    for (const [n, token] of ['early', 'unknown', 'late'].entries())
      expect(await ann.subscribe(`orders:${n}`, { token })).toBe('subscribed')
    await a.hub.revocations.revoke({ ...ANN, channels: { 'orders:*': ['*'] } })
    await settle()
    expect(ann.ended()).toMatchObject([{ channel: 'orders:0' }, { channel: 'orders:1' }])
    expect([await ann.publish('orders:2'), await ann.publish('orders:1')]).toEqual(['published', REVOKED])
    expect(await ann.subscribe('orders:3', { token: 'early' })).toBe(REVOKED)
    expect(await ann.subscribe('orders:3', { token: 'late' })).toBe('subscribed')
    await a.hub.revocations.revoke({ session: ann.client.session.id, channels: { 'orders:*': ['publish'] } })
    expect(await ann.publish('orders:3')).toBe(REVOKED)
  })

  it('has it no more whose connect was being decided meanwhile', async () => {
    let allow = (_: { id: string }): void => {}
    const { a } = await world({ authenticate: () => new Promise((resolve) => (allow = resolve)) })
    const client = new TestClient(a.hub)
    client.say('connect', { version: 1, token: 'ann' })
    await settle()
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['publish'] } })
    allow({ id: 'ann' })
    await settle()
    expect(await asker(client).publish('chat:5')).toBe(REVOKED)
  })
})

describe('[H10.8] what is taken from a subject thing by thing', () => {
  it('adds up, whichever nodes say it and when', async () => {
    const { a, b, start } = await world()
    await Promise.all([
      a.hub.revocations.revoke({ ...ANN, channels: { 'chat:1': ['publish'] } }),
      b.hub.revocations.revoke({ ...ANN, channels: { 'chat:2': ['publish'] } }),
      a.hub.revocations.revoke({ ...ANN, calls: ['refund'] }),
      b.hub.revocations.revoke({ ...ANN, channels: { 'chat:1': ['history'] } }),
    ])
    for (const { connect, hub } of [a, b, await start('late')]) {
      hub.handlers.handle('refund', () => 'done')
      const ann = await connect('ann')
      expect(
        await Promise.all([ann.publish('chat:1'), ann.publish('chat:2'), ann.publish('chat:3')]),
      ).toEqual([...[REVOKED, REVOKED, 'published']])
      expect([await ann.history('chat:1'), await ann.call('refund')]).toEqual([REVOKED, REVOKED])
    }
  })

  it('is one value of the stream, beside what is taken away as a whole', async () => {
    const { a, b, shared, start } = await world()
    for (let n = 0; n < 30; n++)
      await [a, b][n % 2]?.hub.revocations.revoke({ ...ANN, channels: { [`chat:${n}`]: ['*'] } })
    await a.hub.revocations.revoke({ user: 'eve' })
    await a.hub.revocations.revoke({ user: 'eve', calls: ['*'] })
    const keeping = { size: 100_000, ttl: 1e12, latest: true }
    const { publications } = await shared.memory.read(
      '@revoked',
      { since: { epoch: '', offset: 0 }, limit: 100 },
      keeping,
    )
    expect(publications.map(({ key }) => key)).toEqual(['of user:ann', 'user:eve', 'of user:eve'])
    const late = await start('late')
    expect(await (await late.connect('ann')).publish('chat:17')).toBe(REVOKED)
    expect((await new TestClient(late.hub).ask('connect', { version: 1, token: 'eve' })).body).toMatchObject({
      ...{ code: REVOKED },
    })
  })

  it('is remembered for as long as each thing says', async () => {
    const { clock, a, b, start } = await world()
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:1': ['publish'] } }, 60_000)
    await b.hub.revocations.revoke({ ...ANN, channels: { 'chat:2': ['publish'] } }, 600_000)
    const ann = await a.connect('ann')
    clock.stall(61_000)
    for (const one of [ann, await b.connect('ann'), await (await start('late')).connect('ann')])
      expect([await one.publish('chat:1'), await one.publish('chat:2')]).toEqual(['published', REVOKED])
  })

  it('is given back by saying the same again for no time, whatever the clocks of nodes say', async () => {
    const { clock, b, start } = await world()
    const a = await start('ahead', new FakeClock(clock.now() + 5_000))
    const mute = { ...ANN, channels: { 'chat:1': ['publish'] } } as const
    const ann = await b.connect('ann')
    await a.hub.revocations.revoke({ ...ANN, channels: { 'chat:2': ['publish'] } })
    for (let times = 0; times < 2; times++) {
      await a.hub.revocations.revoke(mute)
      expect(await ann.publish('chat:1')).toBe(REVOKED)
      await b.hub.revocations.revoke(mute, 0)
      for (const one of [ann, await a.connect('ann'), await (await start(`late-${times}`)).connect('ann')])
        expect([await one.publish('chat:1'), await one.publish('chat:2')]).toEqual(['published', REVOKED])
    }
  })

  it('is at most a hundred things, and says so', async () => {
    const { clock, a } = await world()
    const names = (count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, n) => [`chat:${n}`, ['publish', 'history'] as const]),
      )
    await a.hub.revocations.revoke({ ...ANN, channels: names(50) }, 60_000)
    await a.hub.revocations.revoke({ ...ANN, channels: names(50) }, 120_000)
    await expect(a.hub.revocations.revoke({ ...ANN, calls: ['refund'] })).rejects.toMatchObject({
      kind: 'limit-exceeded',
      message: expect.stringContaining(
        'At most 100 things may be taken from one subject, not 101 from user ann',
      ),
    })
    await a.hub.revocations.revoke({ user: 'eve', calls: ['refund'] })
    await clock.advance(121_000)
    await a.hub.revocations.revoke({ ...ANN, calls: ['refund'] })
  })

  it('is found in the store by a node that was not told', async () => {
    const { clock, a, b } = await world()
    const ann = await b.connect('ann')
    await ann.subscribe('chat:5')
    b.broker.isDeaf = true
    const revoking = a.hub.revocations.revoke({ ...ANN, channels: { 'chat:5': ['*'] } })
    await clock.advance(900)
    expect(await revoking).toEqual({ sessions: 0, silent: ['b'] })
    expect(await ann.publish('chat:5')).toBe('published')
    await clock.advance(5_500)
    expect(ann.ended()).toMatchObject([{ channel: 'chat:5', code: REVOKED }])
    expect(await ann.publish('chat:5')).toBe(REVOKED)
  })

  it('holds here though it could not be stored, which is said', async () => {
    const { a } = await world()
    const ann = await a.connect('ann')
    a.broker.isAway = true
    await expect(a.hub.revocations.revoke({ ...ANN, channels: { '*': ['publish'] } })).rejects.toThrow(
      'The broker is away',
    )
    a.broker.isAway = false
    expect(await ann.publish('chat:5')).toBe(REVOKED)
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
