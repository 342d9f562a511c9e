import { describe, expect, it } from 'vitest'
import { asker, REVOKED, world } from '../../../test/revocation-world.js'
import { FakeClock, settle, TestClient } from '../../testing/index.js'

const ANN = { user: 'ann' }

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

  it('adds up with what a node has not heard of', async () => {
    const { a, b, start, clock } = await world()
    b.broker.isDeaf = true
    const first = a.hub.revocations.revoke({ ...ANN, channels: { 'chat:1': ['publish'] } })
    await clock.advance(900)
    await first
    const second = b.hub.revocations.revoke({ ...ANN, channels: { 'chat:2': ['publish'] } })
    await clock.advance(900)
    await second
    for (const { connect } of [b, await start('late')]) {
      const ann = await connect('ann')
      expect([await ann.publish('chat:1'), await ann.publish('chat:2')]).toEqual([REVOKED, REVOKED])
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
