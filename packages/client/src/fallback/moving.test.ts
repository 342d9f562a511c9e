import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { ChooserWorld } from '../../test/ways.js'

describe('[P8.8] moving to a better way', () => {
  /** Connected by polling, with everything better having failed. */
  async function degraded() {
    const world = new ChooserWorld({ failed: 'websocket' })
    await world.connect()
    await world.clock.advance(0)
    return world
  }

  /** The same, and streaming works; but something is under way, for which it has to wait. */
  async function found() {
    const world = await degraded()
    world.told.idle = false
    await world.ways.stream.link.works()
    return world
  }

  it('tries streaming beside polling at once, and a WebSocket when it has rested', async () => {
    const world = await degraded()
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
    expect(world.told.via?.reason).toBe('No connection by WebSocket')
    await world.ways.stream.link.drop()
    expect(world.told.via?.reason).toBe('No connection by WebSocket or streaming')
    await world.clock.advance(5000)
    expect(world.counts).toBe('websocket 1, stream 1, poll 1')
    expect(world.told.log).toEqual(['opened', 'pong'])
  })

  it('lets go of the old way only when bytes went both ways over the new one, which the client then opens', async () => {
    const world = await degraded()
    const { stream, poll } = world.ways
    await stream.link.open()
    expect(stream.link.sent).toEqual(['ping'])
    expect(world.told.log).toEqual(['opened', 'pong'])
    await stream.link.frame()
    expect(world.told).toMatchObject({
      log: ['opened', 'pong', 'closed 3000 Moving to a better transport'],
      wait: 0,
    })
    world.link.close(3000, 'Moving to a better transport')
    expect(poll.link.closed?.code).toBe(3000)
    await world.open()
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
    expect(world.told).toMatchObject({
      log: ['opened'],
      via: { name: 'stream', reason: 'No connection by WebSocket' },
    })
    world.link.send('connect')
    await stream.link.frame('connected')
    expect([world.told.log, world.remembered]).toEqual([
      ['opened', 'connected'],
      ['poll', 'stream'],
    ])
    // From there it goes on to the best.
    await world.clock.advance(5000)
    expect(world.counts).toBe('websocket 1, stream 1, poll 1')
  })

  it('waits until nothing is under way that would be lost', async () => {
    const world = await found()
    const { stream, poll } = world.ways
    await world.clock.advance(1000)
    expect(world.told.log).toEqual(['opened', 'pong'])
    world.told.idle = true
    poll.link.buffered = 10
    expect(poll.link.flushes).toBe(0)
    await world.clock.advance(1000)
    expect(world.told.log).toEqual(['opened', 'pong'])
    // What waits with a poll that is held would else never have come.
    expect(poll.link.flushes).toBeGreaterThan(0)
    poll.link.buffered = 0
    await world.clock.advance(100)
    expect(world.told.log.at(-1)).toBe('closed 3000 Moving to a better transport')
    expect(stream.links).toHaveLength(1)
  })

  it('does not wait for that for long, and tries again as soon as before', async () => {
    const world = await degraded()
    const { stream } = world.ways
    world.told.idle = false
    for (let count = 1; count <= 4; count++) {
      await stream.link.works()
      await world.clock.advance(5000)
      expect(stream.link.closed?.code).toBe(3000)
      await world.clock.until(() => stream.links.length > count, 100)
    }
    expect(world.clock.now() - 1_700_000_000_000).toBeLessThan(60_000)
  })

  it('waits for the token of the next connection, which the application may take long about, and brings it along', async () => {
    const world = await degraded()
    const { stream } = world.ways
    let bring = (_: string): void => {}
    let asked = 0
    world.told.ask = () => {
      asked++
      return new Promise((resolve) => (bring = resolve))
    }
    await stream.link.works()
    await world.clock.advance(4000)
    expect([asked, world.told.log]).toEqual([1, ['opened', 'pong']])
    bring('t1')
    await world.clock.advance(100)
    expect(world.told).toMatchObject({ token: 't1', wait: 0 })
    expect(world.told.log.at(-1)).toBe('closed 3000 Moving to a better transport')
  })

  it('asks for no token before it could move, and stays where it is while there is none', async () => {
    const world = await degraded()
    const { stream } = world.ways
    const askedAt: number[] = []
    const begin = world.clock.now()
    world.told.ask = () => {
      askedAt.push(world.clock.now() - begin)
      throw new Error('the token server is away')
    }
    world.told.idle = false
    await stream.link.works()
    await world.clock.advance(1000)
    expect(askedAt).toEqual([])
    world.told.idle = true
    await world.clock.until(() => stream.links.length === 2, 100)
    await stream.link.works()
    await world.clock.advance(5000)
    // Not with every look, which is ten times a second.
    expect(askedAt).toEqual([1100, 11_100])
    expect(world.told.log).toEqual(['opened', 'pong'])
    world.told.ask = () => 't2'
    for (let count = 3; world.told.token === undefined && count < 9; count++) {
      await world.clock.until(() => stream.links.length === count, 100)
      await stream.link.works()
      await world.clock.advance(4000)
    }
    expect(world.told.token).toBe('t2')
  })

  it('uses no token that was asked for long ago', async () => {
    const world = await degraded()
    const { stream } = world.ways
    let asked = 0
    world.told.ask = async () => {
      // From here on something is under way, which goes on for long.
      world.told.idle = false
      return `t${++asked}`
    }
    await stream.link.works()
    await world.clock.advance(1000)
    expect([asked, world.told.log]).toEqual([1, ['opened', 'pong']])
    await world.clock.until(() => stream.links.length === 2, 100)
    await world.clock.advance(1000)
    world.told.idle = true
    world.told.ask = async () => `t${++asked}`
    await stream.link.works()
    await world.clock.advance(200)
    expect(world.told.token).toBe('t2')
  })

  it('tries in longer and longer intervals what does not work', async () => {
    const world = new ChooserWorld({ names: ['websocket', 'poll'], failed: 'websocket' })
    await world.connect()
    const { websocket } = world.ways
    const at: number[] = []
    for (let count = 0; count < 7; count++) {
      const before = world.clock.now()
      await world.clock.until(() => websocket.links.length > count, 1000)
      at.push((world.clock.now() - before) / 1000)
      await websocket.link.drop()
    }
    expect(at).toEqual([5, 20, 80, 320, 900, 900, 900])
  })

  it('gives a way that opens and is silent four seconds', async () => {
    const world = await degraded()
    const { stream } = world.ways
    await stream.link.open()
    await world.clock.advance(4000)
    expect([stream.link.closed?.code, world.told.log]).toEqual([3000, ['opened', 'pong']])
  })

  it('tries at once in another network', async () => {
    const world = await degraded()
    await world.ways.stream.link.drop()
    await world.clock.advance(1000)
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
    await world.change()
    await world.clock.advance(0)
    expect(world.counts).toBe('websocket 1, stream 1, poll 1')
    // One at a time.
    await world.change()
    await world.clock.advance(1000)
    expect(world.counts).toBe('websocket 1, stream 1, poll 1')
  })

  it('takes what it found when the old way dies while it waits', async () => {
    const world = await found()
    const { poll } = world.ways
    await poll.link.drop()
    expect(world.told).toMatchObject({ log: ['opened', 'pong', 'closed 1006'], wait: undefined })
    await world.clock.advance(300)
    await world.open()
    expect(world.told).toMatchObject({ log: ['opened'], via: { name: 'stream' } })
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
  })

  it('goes on without what it found when that is gone by then', async () => {
    const world = await found()
    const { stream, poll } = world.ways
    await poll.link.drop()
    await stream.link.drop(4003)
    await world.open()
    expect(world.told).toMatchObject({ log: ['closed 1006 It was over before it was used'], wait: 0 })
    expect(await world.connect()).toBe('poll')
  })

  it('does not search on for a client that is away, whatever becomes of what it found', async () => {
    const world = await found()
    const { stream, poll } = world.ways
    await poll.link.drop()
    await stream.link.drop(4003)
    await world.clock.advance(3_600_000)
    expect([world.counts, world.clock.waiting]).toEqual(['websocket 0, stream 1, poll 1', 0])
  })

  it('keeps the old way when the new one dies while it waits', async () => {
    const world = await found()
    const { stream } = world.ways
    await stream.link.drop()
    world.told.idle = true
    await world.clock.advance(4000)
    expect(world.told.log).toEqual(['opened', 'pong'])
    await world.clock.advance(1000)
    expect(world.ways.websocket.links).toHaveLength(1)
  })

  it('drops what it is trying when the old way is over', async () => {
    const world = await degraded()
    const { stream, poll } = world.ways
    await stream.link.open()
    await poll.link.drop()
    expect(stream.link.closed?.code).toBe(3000)
    await stream.link.frame()
    await world.clock.advance(60_000)
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
  })

  it('flees from a better way that does not hold, for longer and longer', async () => {
    const world = new ChooserWorld({ names: ['websocket', 'poll'], failed: 'websocket' })
    const { websocket, poll } = world.ways
    await world.connect()
    const moves: number[] = []
    for (let count = 0; count < 7; count++) {
      const before = world.clock.now()
      const links = websocket.links.length
      await world.clock.until(() => websocket.links.length > links, 1000)
      moves.push((world.clock.now() - before) / 1000)
      await websocket.link.works()
      await world.open()
      world.link.send('connect')
      await websocket.link.frame()
      for (let life = 0; websocket.link.closed === undefined && life < 3; life++) {
        await websocket.link.drop()
        await world.open()
        if (world.newest.name === 'poll') break
        await websocket.link.open()
        world.link.send('connect')
        await websocket.link.frame()
      }
      await poll.link.open()
      world.link.send('connect')
      await poll.link.frame()
    }
    expect(moves.at(-1)).toBeGreaterThan(60)
  })

  it.each([
    ['by the client', (world: ChooserWorld) => world.link.close(1000, 'Closed by the application')],
    ['by the server', (world: ChooserWorld) => world.ways.poll.link.drop(4502)],
  ])('ends, and everything with it, when the client is closed for good %s', async (_, close) => {
    for (const state of ['trying', 'waiting', 'resting']) {
      const world = await degraded()
      const { stream } = world.ways
      world.told.idle = false
      if (state === 'waiting') {
        await stream.link.works()
      }
      if (state === 'resting') await stream.link.drop()
      expect(world.watchers).toBe(1)
      await close(world)
      if (state !== 'resting') expect(stream.link.closed?.code).toBe(3000)
      await world.clock.advance(3_600_000)
      expect([world.counts, world.clock.waiting, world.watchers]).toEqual([
        'websocket 0, stream 1, poll 1',
        0,
        0,
      ])
      // It may be used again.
      expect(await world.connect()).toBe('poll')
      expect(world.watchers).toBe(1)
    }
  })

  it('looks at the network once, however often it connects', async () => {
    const world = await degraded()
    for (let count = 0; count < 5; count++) {
      await world.ways.poll.link.drop()
      await world.connect()
    }
    await settle()
    expect(world.watchers).toBe(1)
  })
})
