import { afterEach, describe, expect, it } from 'vitest'
import { type Bed, closeAll, hear, make } from '../../test/chat.js'

afterEach(closeAll)

/** Alice, connected and listening, and what she hears. */
async function listening(options: Parameters<typeof make>[0] = {}) {
  const bed = await make(options)
  const alice = bed.client({ name: 'alice', token: 'alice' })
  const room = alice.channel('chat:lobby')
  const heard = hear(room)
  const states: string[] = []
  await room.subscribe()
  alice.on('state', ({ name }) => states.push(name))
  return { bed, alice, room, heard, states, network: bed.network(alice) }
}

const say = (bed: Bed, text: string) => bed.server.publish('chat:lobby', text)
const sessions = (bed: Bed) => bed.server.user('alice').sessions().length

describe('cut()', () => {
  it('breaks the connection at once; the client comes back and misses nothing', async () => {
    const { bed, heard, states, network } = await listening()
    await say(bed, 'one')
    await bed.settle()
    network.cut()
    expect([states, sessions(bed)]).toEqual([['reconnecting'], 0])
    await say(bed, 'two')
    await bed.advance('1s')
    expect(states).toEqual(['reconnecting', 'reconnecting', 'connected'])
    expect(heard).toEqual(['one', 'two (recovered)'])
  })

  it('takes what is under way with it; a publish is sent again and stored once', async () => {
    const { bed, room, heard, network } = await listening()
    const publishing = room.publish('mine')
    network.delay('50ms')
    await bed.advance(1)
    network.cut()
    expect(await bed.until(publishing)).toMatchObject({ offset: 1 })
    await bed.settle()
    expect(heard.map((one) => one.replace(' (recovered)', ''))).toEqual(['mine'])
    expect((await bed.server.history('chat:lobby')).publications).toHaveLength(1)
  })

  it.each([
    { noticedBy: 'client' as const, now: ['reconnecting', 1] },
    { noticedBy: 'server' as const, now: ['connected', 0] },
    { noticedBy: 'nobody' as const, now: ['connected', 1] },
  ])('is noticed by the $noticedBy, and by others through heartbeats', async ({ noticedBy, now }) => {
    const { bed, alice, heard, network } = await listening()
    network.cut({ noticedBy })
    expect([alice.state.name, sessions(bed)]).toEqual(now)
    await say(bed, 'one')
    await bed.advance('20s')
    expect([alice.state.name, sessions(bed)]).toEqual(['connected', 1])
    expect(heard).toEqual(['one (recovered)'])
  })
})

describe('stall()', () => {
  it.each(['up', 'down', 'both'] as const)('holds back what goes %s, until it is healed', async (way) => {
    const { bed, alice, room, heard, network } = await listening()
    network.stall(way)
    const publishing = room.publish('mine')
    await bed.settle()
    const stored = (await bed.server.history('chat:lobby')).publications.length
    expect([stored, heard]).toEqual([way === 'down' ? 1 : 0, []])
    await bed.advance('2s')
    network.heal()
    expect(await publishing).toMatchObject({ offset: 1 })
    await bed.settle()
    expect([heard, alice.state.name]).toEqual([['mine'], 'connected'])
  })

  it('holds back attempts to connect', async () => {
    const { bed, alice, network } = await listening()
    network.stall().cut()
    await bed.advance('1s')
    expect(bed.pending()).toEqual([
      'alice: has no connection and is trying now',
      'alice: attempts to connect, held back by stall(): 1',
    ])
    network.heal()
    await bed.settle()
    expect(alice.state.name).toBe('connected')
  })

  it('makes a slow writer, whose ephemeral messages are dropped', async () => {
    const { bed, room } = await listening()
    const heard: boolean[] = []
    room.on('ephemeral', ({ typing }) => heard.push(typing))
    await room.subscribe()
    const bob = bed.client({ token: 'bob', limits: { congestion: 200 } })
    await bob.connect()
    bed.network(bob).stall('up')
    for (let count = 0; count < 10; count++) {
      bob.channel('chat:lobby').sendEphemeral({ typing: true })
      await bed.settle()
    }
    bed.network(bob).heal()
    await bed.settle()
    expect(heard.length).toBeGreaterThan(0)
    expect(heard.length).toBeLessThan(5)
  })

  it('makes a slow reader, which the server lets go when too much waits for it', async () => {
    const codes: number[] = []
    const { bed, alice, heard, network } = await listening({ limits: { outbox: 10_000 } })
    bed.server.on('disconnect', (_, code) => codes.push(code))
    network.stall('down')
    const text = 'x'.repeat(1000)
    for (let count = 0; count < 20; count++) await say(bed, `${count} ${text}`)
    await bed.settle()
    expect(codes).toEqual([4001])
    network.heal()
    await bed.advance('1s')
    expect(alice.state.name).toBe('connected')
    expect(heard.map((one) => Number.parseInt(one, 10))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    )
  })
})

describe('blackHole()', () => {
  it.each(['up', 'down', 'both'] as const)('swallows what goes %s; both ends find out', async (way) => {
    const { bed, alice, room, heard, states, network } = await listening()
    network.blackHole(way)
    const publishing = room.publish('mine', { timeout: '40s' })
    await bed.settle()
    expect((await bed.server.history('chat:lobby')).publications).toHaveLength(way === 'down' ? 1 : 0)
    await bed.advance('20s')
    expect([states.includes('reconnecting'), sessions(bed)]).toEqual([true, 0])
    network.heal()
    expect(await bed.until(publishing)).toMatchObject({ offset: 1 })
    await bed.settle()
    expect(heard.map((one) => one.replace(' (recovered)', ''))).toEqual(['mine'])
    expect(alice.state.name).toBe('connected')
  })

  it('leaves nothing to be waited for on a connection that is gone', async () => {
    const { bed, room, network } = await listening()
    network.blackHole('up')
    const publishing = room.publish('mine')
    await bed.settle()
    expect(bed.pending()).toEqual([
      expect.stringMatching(/^alice: waits for an answer to publish chat:lobby #\d+$/),
    ])
    network.refuse().cut()
    expect(bed.pending().join()).toMatch(/^alice: has no connection and tries again in \d+ ms$/)
    network.heal()
    await bed.until(publishing)
  })

  it('swallows attempts to connect, which end with the client’s patience', async () => {
    const { bed, alice, network } = await listening()
    network.blackHole().cut()
    await bed.advance('9s')
    expect(alice.state).toMatchObject({ name: 'reconnecting', retryAt: undefined })
    await bed.advance('2s')
    expect(alice.state).toMatchObject({ reason: 'No connection within 10000 ms' })
  })
})

describe('delay()', () => {
  it('lets each frame take its time, one way', async () => {
    const { bed, alice, network } = await listening()
    network.delay('200ms')
    const begun = bed.clock.now()
    await bed.until(alice.call('shout', 'hi'))
    expect(bed.clock.now() - begun).toBe(400)
    network.heal()
    await alice.call('shout', 'hi')
    expect(bed.clock.now() - begun).toBe(400)
  })

  it('lets it take between two times, and keeps the order', async () => {
    const { bed, heard, network } = await listening()
    network.delay('10ms', '300ms')
    const all = Array.from({ length: 20 }, (_, index) => String(index))
    for (const text of all) await say(bed, text)
    await bed.advance('5ms')
    expect(heard).toEqual([])
    await bed.advance('295ms')
    expect(heard).toEqual(all)
    expect(() => network.delay('2s', '1s')).toThrow('delay(least, most): 2000 ms is more than 1000 ms')
    expect(() => network.delay('long' as never)).toThrow(TypeError)
  })
})

describe('refuse()', () => {
  it('refuses so many attempts, or all, and leaves connections alone', async () => {
    const { bed, alice, heard, network } = await listening()
    network.refuse(2)
    await say(bed, 'one')
    await bed.settle()
    expect(heard).toEqual(['one'])
    network.cut()
    await bed.until(() => alice.state.attempt === 3)
    await bed.until(() => alice.state.name === 'connected')
    network.refuse().cut()
    await bed.advance('2m')
    expect(alice.state.name).toBe('reconnecting')
    network.heal()
    await bed.until(() => alice.state.name === 'connected')
    expect(() => network.refuse(-1)).toThrow('refuse(times) takes a number of attempts, not -1')
  })
})

describe('offline()', () => {
  it('is what the client’s platform says, and so it is', async () => {
    const { bed, alice, states, network } = await listening()
    network.offline()
    expect(alice.state).toMatchObject({ name: 'degraded', reason: 'The platform reports no network' })
    await bed.advance('30s')
    expect([states.at(-1), sessions(bed)]).toEqual(['offline', 0])
    network.heal()
    await bed.settle()
    expect(alice.state.name).toBe('connected')
  })
})

describe('network()', () => {
  it('is that of the clients it is given, or of all', async () => {
    const bed = await make()
    const [alice, bob, carol] = ['alice', 'bob', 'carol'].map((token) => bed.client({ token }))
    if (alice === undefined || bob === undefined || carol === undefined) throw new Error('nobody')
    const all = [alice, bob, carol]
    await Promise.all(all.map((client) => client.connect()))
    bed.network(alice, bob).cut()
    const names = () => all.map(({ state }) => state.name)
    expect(names()).toEqual(['reconnecting', 'reconnecting', 'connected'])
    await bed.advance('1s')
    bed.network().stall('up').delay('1s').refuse(1).blackHole('down').offline().heal().cut()
    expect(names()).toEqual(['reconnecting', 'reconnecting', 'reconnecting'])
    const other = await make()
    expect(() => other.network(alice)).toThrow(
      'network(client) takes clients that client() of this testbed made',
    )
  })
})
