import { describe, expect, it } from 'vitest'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import { Doorkeeper, type DoorLimits } from './doorkeeper.js'

const TOO_MANY = 4007
const TOO_FAST = 4006

function world(door: DoorLimits) {
  const clock = new FakeClock()
  const { hub } = testHub({
    ...{ clock, limits: { ...TEST_LIMITS, door } },
    authenticate: ({ token = '' }) => ({ id: token }),
  })
  /** The code it was closed with, or undefined. */
  const come = async (remoteAddress: string, token?: string) => {
    const client = new TestClient(hub, remoteAddress)
    if (token !== undefined && client.closed === undefined) await client.ask('connect', { version: 1, token })
    await settle()
    return { client, code: client.closed?.code }
  }
  const codes = async (count: number, address: string, token?: string) => {
    const all: (number | undefined)[] = []
    for (let n = 0; n < count; n++) all.push((await come(address, token)).code)
    return all
  }
  return { clock, hub, come, codes }
}

describe('[H11.2] connections', () => {
  it('are so many from one address, whoever they are', async () => {
    const { codes, come } = world({ connectionsPerAddress: 2 })
    expect(await codes(3, '192.0.2.1', 'ada')).toEqual([undefined, undefined, TOO_MANY])
    expect(await codes(1, '192.0.2.2', 'ada')).toEqual([undefined])
    const { client } = await come('192.0.2.3')
    client.session.closed(1006)
    expect(await codes(2, '192.0.2.3')).toEqual([undefined, undefined])
  })

  it('that begin on this machine are not counted by address: behind a proxy all do', async () => {
    const { codes } = world({ connectionsPerAddress: 1, handshakes: { perSecond: 1, burst: 1 } })
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', ''])
      expect(await codes(3, address)).toEqual([undefined, undefined, undefined])
  })

  it('come no faster than may be, and again later', async () => {
    const { clock, codes } = world({ handshakes: { perSecond: 1, burst: 2 } })
    expect(await codes(3, '192.0.2.1')).toEqual([undefined, undefined, TOO_FAST])
    expect(await codes(1, '192.0.2.2')).toEqual([undefined])
    await clock.advance(1_000)
    expect(await codes(2, '192.0.2.1')).toEqual([undefined, TOO_FAST])
  })

  it('[H11.5] are so many that have not said who they are: who has waited longest without a word gives way', async () => {
    const { come, hub } = world({ unauthenticated: 2 })
    const silent = [await come('192.0.2.1'), await come('192.0.2.2'), await come('192.0.2.3')]
    expect(silent.map(({ client }) => client.closed?.code)).toEqual([TOO_MANY, undefined, undefined])
    expect((await come('192.0.2.4', 'ada')).code).toBeUndefined()
    expect(silent.map(({ client }) => client.closed?.code)).toEqual([TOO_MANY, TOO_MANY, undefined])
    expect(hub.size).toBe(2)
  })

  it('[H11.5] are not let in for another where their address has too many', async () => {
    const { come } = world({ unauthenticated: 2, connectionsPerAddress: 2 })
    const [first, second] = [await come('192.0.2.1'), await come('192.0.2.1')]
    expect((await come('192.0.2.1')).code).toBe(TOO_MANY)
    expect([first.client.closed, second.client.closed]).toEqual([undefined, undefined])
  })

  it('[H11.5] are not closed for others while they are asked who they are', () => {
    const { hub } = testHub({
      limits: { ...TEST_LIMITS, door: { unauthenticated: 2 } },
      authenticate: () => new Promise(() => {}),
    })
    const clients = [1, 2].map(() => new TestClient(hub))
    for (const client of clients) client.say('connect', { version: 1 })
    const third = new TestClient(hub)
    expect([...clients, third].map(({ closed }) => closed?.code)).toEqual([undefined, undefined, TOO_MANY])
  })

  it('are so many on a node', async () => {
    const full = world({ connections: 2, unauthenticated: 1 })
    expect(await full.codes(3, '192.0.2.1', 'ada')).toEqual([undefined, undefined, TOO_MANY])
  })

  it('are so many of one user, and one that comes back is no other', async () => {
    const { codes, come, hub } = world({ connectionsPerUser: 2 })
    expect(await codes(3, '192.0.2.1', 'ada')).toEqual([undefined, undefined, TOO_MANY])
    expect(await codes(1, '192.0.2.1', 'eve')).toEqual([undefined])
    const [session] = hub.directory.ofUser('ada')
    session?.closed(1006)
    expect((await come('192.0.2.1', 'ada')).code).toBeUndefined()
  })

  it('of IPv6 are counted by the network, which has more addresses than anybody could count', async () => {
    const { codes } = world({ connectionsPerAddress: 2 })
    expect(await codes(2, '2001:db8:1:2::1')).toEqual([undefined, undefined])
    expect(await codes(1, '2001:db8:1:2:ffff::9')).toEqual([TOO_MANY])
    expect(await codes(1, '2001:db8:1:3::1')).toEqual([undefined])
  })

  it('[H11.4] cost an address that floods as many of them, and those who are refused nothing more', async () => {
    const clock = new FakeClock()
    const rate = { perSecond: 1, burst: 1 }
    const rates = { messages: rate, requests: rate, pings: rate, bytes: undefined }
    const door = { handshakes: { perSecond: 1, burst: 120 } }
    const { hub } = testHub({ clock, limits: { ...TEST_LIMITS, rates, door } })
    const flood = () => {
      const client = new TestClient(hub)
      for (let n = 0; n < 3; n++) client.session.receive('{"ping":{}}')
      return client.closed?.reason
    }
    expect([flood(), flood()]).toEqual(['Rate exceeded', 'Rate exceeded'])
    // Of 120 there are 18 left, and who comes in vain takes none.
    const come = () => new TestClient(hub).closed?.code
    const codes = Array.from({ length: 30 }, come)
    expect(codes).toEqual([...Array(18).fill(undefined), ...Array(12).fill(TOO_FAST)])
    await clock.advance(2_000)
    expect([come(), come(), come()]).toEqual([undefined, undefined, TOO_FAST])
  })

  it('that are requests of readers have a rate of their own', () => {
    const door = new Doorkeeper({ reads: { perSecond: 1, burst: 2 }, handshakes: { perSecond: 1, burst: 1 } })
    const ask = (isRequest: boolean) => {
      const visitor = door.enter('192.0.2.1', 0)
      door.leave(visitor, true)
      return door.refuses(visitor, { now: 0, isRequest })
    }
    expect([true, true, true, false, false].map(ask)).toEqual([
      undefined,
      undefined,
      'reads',
      undefined,
      'handshakes',
    ])
  })

  it('that are requests of readers are no handshakes, but count while they last', () => {
    const door = new Doorkeeper({ connectionsPerAddress: 3, handshakes: { perSecond: 1, burst: 1 } })
    const ask = () => door.refuses(door.enter('192.0.2.1', 0), { now: 0, isRequest: true })
    expect([ask(), ask(), ask(), ask()]).toEqual([undefined, undefined, undefined, 'connectionsPerAddress'])
  })

  it('are forgotten with their addresses when they are over', () => {
    const door = new Doorkeeper({ connectionsPerAddress: 1, handshakes: { perSecond: 1000, burst: 1 } })
    let now = 0
    for (let n = 0; n < 100_000; n++) {
      now += 10
      door.leave(door.enter(`192.0.${n >> 8}.${n & 255}`, now), true)
    }
    expect(door.size).toBeLessThan(20_001)
  })
})
