import { describe, expect, it } from 'vitest'
import { FakeClock, SequenceRandom, SharedBroker, settle, TestClient, testHub } from '../../testing/index.js'
import type { Hub } from '../hub.js'
import type { HubOptions } from '../hub-options.js'

class ReadingClient extends TestClient {
  readonly onlyReads = true
}

/** Nodes of one broker, and what any of them tells. */
class World {
  readonly clock = new FakeClock()
  readonly shared = new SharedBroker(this.clock)
  readonly told: string[] = []
  readonly #random = new SequenceRandom()

  /** `skew`: milliseconds by which its clock is ahead. */
  async node(node: string, { skew = 0, wants = true }: { skew?: number; wants?: boolean } = {}) {
    const broker = this.shared.node()
    const { clock } = this
    const tell = (what: string) => (channel: string, at: number) => {
      this.told.push(`${node} ${what} ${channel} ${at - 1_000_000}`)
    }
    const occupancy = {
      covers: (channel: string) => channel.startsWith('chat:'),
      occupied: tell('occupied'),
      vacated: tell('vacated'),
    }
    const options: Partial<HubOptions> = {
      node,
      broker,
      random: this.#random,
      events: wants ? { occupancy } : {},
    }
    const skewed = { now: () => clock.now() + skew, schedule: clock.schedule.bind(clock) }
    const { hub } = testHub({ ...options, clock: skewed as never })
    await settle()
    return { hub, broker }
  }

  /** What was told since it was asked last, without times. */
  get news(): readonly string[] {
    return this.told.splice(0).map((line) => line.replace(/ [-\d]+$/, ''))
  }
}

async function subscriber(hub: Hub, channel = 'chat:lobby', Client = TestClient) {
  const client = new Client(hub)
  await client.connect()
  client.say('subscribe', { channel })
  await settle()
  return client
}

describe('[H13.4] a channel', () => {
  it('is occupied with its first subscriber, and vacated a second after its last', async () => {
    const world = new World()
    const { hub } = await world.node('a')
    const ann = await subscriber(hub)
    const bob = await subscriber(hub)
    await world.clock.advance(1_000)
    await ann.ask('unsubscribe', { channel: 'chat:lobby' })
    await world.clock.advance(5_000)
    bob.session.closed(1006)
    await world.clock.advance(1_100)
    expect(world.told).toEqual(['a occupied chat:lobby 0', 'a vacated chat:lobby 7000'])
    await subscriber(hub)
    await world.clock.advance(100)
    expect(world.news.at(-1)).toBe('a occupied chat:lobby')
  })

  it('is not vacated by who comes back within a second', async () => {
    const world = new World()
    const { hub } = await world.node('a')
    const other = await subscriber(hub, 'other:lobby')
    other.session.closed(1006)
    await world.clock.advance(30_000)
    const before = world.clock.pending
    for (let n = 0; n < 5; n++) {
      const ann = await subscriber(hub)
      await world.clock.advance(500)
      ann.session.closed(1006)
      await world.clock.advance(900)
    }
    expect(world.news).toEqual(['a occupied chat:lobby'])
    await world.clock.advance(1_000)
    expect(world.news).toEqual(['a vacated chat:lobby'])
    await world.clock.advance(10_000)
    expect(world.clock.pending).toBe(before)
  })

  it('counts readers over HTTP, and none of channels that nobody asks about', async () => {
    const world = new World()
    const { hub } = await world.node('a')
    await subscriber(hub, 'other:lobby')
    const reader = await subscriber(hub, 'chat:lobby', ReadingClient)
    await world.clock.advance(100)
    expect(world.news).toEqual(['a occupied chat:lobby'])
    reader.session.closed(1000)
    await world.clock.advance(2_000)
    expect(world.news).toEqual(['a vacated chat:lobby'])
  })

  it('is told of by one node where several have subscribers', async () => {
    const world = new World()
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')]
    const ann = await subscriber(a.hub)
    await world.clock.advance(100)
    const bob = await subscriber(b.hub)
    const eve = await subscriber(c.hub)
    await world.clock.advance(100)
    ann.session.closed(1006)
    await world.clock.advance(2_500)
    bob.session.closed(1006)
    await world.clock.advance(2_500)
    expect(world.news).toEqual(['a occupied chat:lobby'])
    eve.session.closed(1006)
    await world.clock.advance(2_000)
    expect(world.news).toEqual(['c vacated chat:lobby'])
  })

  it('is told of once when first subscribers come to several nodes at once, and last ones go at once', async () => {
    const world = new World()
    const nodes = [
      await world.node('b', { skew: 3_000 }),
      await world.node('a'),
      await world.node('c', { skew: -7_000 }),
    ]
    for (let n = 0; n < 3; n++) {
      const clients = await Promise.all(nodes.map(({ hub }) => subscriber(hub)))
      await world.clock.advance(3_000)
      expect([n, world.news]).toEqual([n, [expect.stringContaining('occupied')]])
      for (const client of clients) client.session.closed(1006)
      await world.clock.advance(10_000)
      expect(world.news).toEqual([expect.stringContaining('vacated')])
    }
  })

  it('has later times the later it is told of, however wrong the nodes’ clocks are', async () => {
    const world = new World()
    const [fast, slow] = [await world.node('fast', { skew: 60_000 }), await world.node('slow')]
    for (const { hub } of [fast, slow, fast, slow]) {
      const client = await subscriber(hub)
      await world.clock.advance(100)
      client.session.closed(1006)
      await world.clock.advance(2_000)
    }
    const times = world.told.map((line) => Number(line.split(' ').at(-1)))
    expect(times.length).toBe(8)
    expect(times).toEqual(times.toSorted((one, other) => one - other))
    expect(new Set(times).size).toBe(8)
  })

  it('is not vacated when its subscriber has moved to another node meanwhile', async () => {
    for (const after of [0, 500, 999, 1_000, 1_005, 1_010, 1_019]) {
      const world = new World()
      const [a, b] = [await world.node('a'), await world.node('b')]
      const ann = await subscriber(a.hub)
      await world.clock.advance(100)
      ann.session.closed(1006)
      await world.clock.advance(after)
      const again = await subscriber(b.hub)
      await world.clock.advance(10_000)
      expect([after, world.news]).toEqual([after, ['a occupied chat:lobby']])
      again.session.closed(1006)
      await world.clock.advance(10_000)
      expect(world.news).toEqual(['b vacated chat:lobby'])
    }
  })

  it('is not vacated while a node is silent that may have subscribers', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b')]
    const ann = await subscriber(a.hub)
    await world.clock.advance(100)
    b.broker.isDeaf = true
    ann.session.closed(1006)
    await world.clock.advance(20_000)
    expect(world.news).toEqual(['a occupied chat:lobby'])
    b.broker.isDeaf = false
    await world.clock.advance(7_000)
    expect(world.news).toEqual(['a vacated chat:lobby'])
  })

  it('is told of by those who are left when a node is killed', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b')]
    await subscriber(a.hub)
    await world.clock.advance(100)
    const bob = await subscriber(b.hub)
    await world.clock.advance(100)
    a.broker.die()
    bob.session.closed(1006)
    await world.clock.advance(30_000)
    expect(world.news).toEqual(['a occupied chat:lobby', 'b vacated chat:lobby'])
  })

  it('is asked about again when the broker was away', async () => {
    const world = new World()
    const { hub, broker } = await world.node('a')
    const ann = await subscriber(hub)
    broker.isAway = true
    await world.clock.advance(5_000)
    expect(world.news).toEqual([])
    broker.isAway = false
    await world.clock.advance(1_100)
    expect(world.news).toEqual(['a occupied chat:lobby'])
    ann.session.closed(1006)
    await world.clock.advance(500)
    broker.isAway = true
    await world.clock.advance(5_000)
    broker.isAway = false
    await world.clock.advance(1_100)
    expect(world.news).toEqual(['a vacated chat:lobby'])
  })

  it('is told of in thousands by few questions', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b')]
    let asked = 0
    const send = b.broker.send.bind(b.broker)
    b.broker.send = (...args) => {
      asked++
      return send(...args)
    }
    const client = new TestClient(a.hub)
    await client.connect()
    for (let n = 0; n < 100; n++) client.say('subscribe', { channel: `chat:${n}` })
    await settle()
    const others = await Promise.all(
      Array.from({ length: 20 }, async (_, n) => {
        const one = new TestClient(a.hub)
        await one.connect()
        for (let m = 0; m < 90; m++) one.say('subscribe', { channel: `chat:${n}.${m}` })
        return one
      }),
    )
    await world.clock.advance(2_000)
    expect(new Set(world.news).size).toBe(1_900)
    expect(asked).toBeLessThan(10)
    for (const one of [client, ...others]) one.session.closed(1006)
    await world.clock.advance(3_000)
    expect(new Set(world.news).size).toBe(1_900)
  })
})

describe('[H13.4] a node that closes', () => {
  it('tells that its channels are vacated when it is alone', async () => {
    const world = new World()
    const { hub } = await world.node('a')
    await subscriber(hub)
    await world.clock.advance(100)
    await hub.close(1_000)
    expect(world.news).toEqual(['a occupied chat:lobby', 'a vacated chat:lobby'])
  })

  it('leaves them to another node, which tells nothing if clients come back to any node', async () => {
    const world = new World()
    const [a, b, c] = [await world.node('a'), await world.node('b'), await world.node('c')]
    await subscriber(a.hub)
    await world.clock.advance(100)
    await a.hub.close(1_000)
    await world.clock.advance(2_000)
    const again = await subscriber(c.hub)
    await world.clock.advance(10_000)
    expect(world.news).toEqual(['a occupied chat:lobby'])
    again.session.closed(1006)
    await world.clock.advance(10_000)
    expect(world.news).toEqual(['c vacated chat:lobby'])
    await b.hub.close(0)
  })

  it('leaves them to another node, which tells when nobody comes back', async () => {
    const world = new World()
    const [a] = [await world.node('a'), await world.node('b')]
    await subscriber(a.hub)
    await world.clock.advance(100)
    await a.hub.close(1_000)
    await world.clock.advance(6_000)
    expect(world.news).toEqual(['a occupied chat:lobby', 'b vacated chat:lobby'])
  })

  it('tells itself when all others close too', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b')]
    await subscriber(a.hub, 'chat:a')
    await subscriber(b.hub, 'chat:b')
    await world.clock.advance(100)
    world.told.splice(0)
    const closed = Promise.all([a.hub.close(1_000), b.hub.close(1_000)])
    await world.clock.advance(2_000)
    await closed
    expect(new Set(world.news)).toEqual(new Set(['a vacated chat:a', 'b vacated chat:b']))
  })

  it('leaves them to one that answers', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b'), await world.node('c')]
    await subscriber(a.hub)
    await world.clock.advance(100)
    b.broker.die()
    const closed = a.hub.close(1_000)
    await world.clock.advance(1_000)
    await closed
    await world.clock.advance(30_000)
    expect(world.news).toEqual(['a occupied chat:lobby', 'c vacated chat:lobby'])
  })

  it('tells nothing that may not be so, when there are others and none takes over', async () => {
    const world = new World()
    const a = await world.node('a')
    await world.node('b', { wants: false })
    await subscriber(a.hub)
    await world.clock.advance(100)
    const closed = a.hub.close(1_000)
    await world.clock.advance(1_000)
    await closed
    expect(world.news).toEqual(['a occupied chat:lobby'])
  })

  it('is not vacated while there are subscribers on a node that tells nobody', async () => {
    const world = new World()
    const [a, b] = [await world.node('a'), await world.node('b', { wants: false })]
    const ann = await subscriber(a.hub)
    const bob = await subscriber(b.hub)
    await world.clock.advance(100)
    ann.session.closed(1006)
    await world.clock.advance(10_000)
    bob.session.closed(1006)
    await world.clock.advance(10_000)
    expect(world.news).toEqual(['a occupied chat:lobby'])
  })
})
