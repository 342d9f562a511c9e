import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { ChooserWorld } from '../../test/ways.js'

/** The way that works is found, and everything before it failed: by which ways, in order. */
async function tries(world: ChooserWorld, works: string): Promise<string[]> {
  const tried: string[] = []
  for (let count = 0; count < 10; count++) {
    await world.open()
    const link = world.newest
    tried.push(link.name)
    if (link.name === works) {
      await link.open()
      world.link.send('connect')
      await link.frame()
      return tried
    }
    await link.drop()
    if (world.told.wait !== 0) tried.push('rests')
  }
  return tried
}

describe('[P8.8] the first way to the server', () => {
  it('is a WebSocket, then polling, in whose way nothing can be, then streaming', async () => {
    expect(await tries(new ChooserWorld(), 'websocket')).toEqual(['websocket'])
    expect(await tries(new ChooserWorld(), 'poll')).toEqual(['websocket', 'poll'])
    expect(await tries(new ChooserWorld(), 'stream')).toEqual(['websocket', 'poll', 'stream'])
  })

  it('is not what has just failed, and first what worked before', async () => {
    expect(await tries(new ChooserWorld({ failed: 'websocket' }), 'stream')).toEqual(['poll', 'stream'])
    expect(await tries(new ChooserWorld({ failed: 'websocket', remembered: 'stream' }), 'stream')).toEqual([
      'stream',
    ])
    expect(await tries(new ChooserWorld({ failed: 'websocket', remembered: 'stream' }), 'poll')).toEqual([
      'stream',
      'poll',
    ])
  })

  it('is one of those that may be used', async () => {
    expect(await tries(new ChooserWorld({ names: ['stream', 'poll'] }), 'stream')).toEqual(['poll', 'stream'])
    const only = new ChooserWorld({ names: ['stream'], remembered: 'poll' })
    expect(await tries(only, 'stream')).toEqual(['stream'])
    expect(only.told.via).toMatchObject({ name: 'stream', slow: false, reason: undefined })
  })

  it('rests between attempts when every way fails, also where there is but one', async () => {
    for (const names of [['websocket', 'stream', 'poll'], ['poll'], ['websocket', 'poll']] as const) {
      const world = new ChooserWorld({ names })
      const tried = await tries(world, 'none')
      expect(tried.filter((what) => what === 'rests').length).toBe(Math.floor(10 / names.length))
    }
  })

  it('is remembered, and said with what it is not', async () => {
    const world = new ChooserWorld({ failed: 'websocket' })
    await world.connect()
    expect(world.remembered).toEqual(['poll'])
    expect(world.told.via).toMatchObject({ name: 'poll', slow: true, reason: 'No connection by WebSocket' })
    world.note = 'Slower refresh'
    expect(world.told.via?.reason).toBe('Slower refresh')
    const best = new ChooserWorld()
    await best.connect()
    expect([best.remembered, best.told.via]).toMatchObject([
      ['websocket'],
      { name: 'websocket', slow: false, reason: undefined },
    ])
    const polls = new ChooserWorld({ names: ['poll'] })
    await polls.connect()
    expect(polls.told.via?.reason).toBe('Connected by polling')
  })

  it('that throws instead of opening is one that failed', async () => {
    const world = new ChooserWorld()
    world.ways.websocket.throws = new Error('Not by this page’s policy')
    await world.open()
    expect(world.told).toMatchObject({ log: ['closed 1006 Error: Not by this page’s policy'], wait: 0 })
    expect(await world.connect()).toBe('poll')
  })

  it('that the server itself refuses is none that failed', async () => {
    const world = new ChooserWorld()
    await world.open()
    await world.newest.drop(4500, 'Who are you?')
    expect(world.told).toMatchObject({ log: ['closed 4500 Who are you?'], wait: undefined })
    expect(await tries(world, 'websocket')).toEqual(['websocket'])
  })
})

describe('[P8.8] [P7.3] how long a way may take', () => {
  it('two seconds to open, and two for the answer to a ping', async () => {
    const world = new ChooserWorld()
    await world.open()
    await world.clock.advance(1999)
    expect(world.told.log).toEqual([])
    await world.clock.advance(1)
    expect(world.told).toMatchObject({ log: ['closed 1006 It did not open within 2 s'], wait: 0 })
    await world.open()
    const poll = await world.newest.open('')
    world.link.send('connect')
    expect(poll.sent).toEqual(['connect', 'ping'])
    await world.clock.advance(2000)
    expect(world.told).toMatchObject({ log: ['opened', 'closed 1006 Nothing came within 2 s'], wait: 0 })
    expect(poll.closed?.code).toBe(3000)
  })

  it('a token that is long in coming does not count, nor a server that takes long about connect', async () => {
    const world = new ChooserWorld()
    await world.open()
    const link = await world.newest.open('millrace.json')
    await world.clock.advance(9000)
    world.link.send('connect')
    expect(link.sent).toEqual(['connect', 'ping millrace.json'])
    await world.clock.advance(1000)
    await link.frame('pong')
    await world.clock.advance(9000)
    world.link.send('more')
    expect([world.told.log, link.sent.length]).toEqual([['opened millrace.json', 'pong'], 3])
  })

  it('is more after no way was quick enough, up to eight seconds, and as before in another network', async () => {
    const world = new ChooserWorld({ names: ['websocket', 'poll'] })
    const limits: number[] = []
    const measure = async () => {
      await world.open()
      const before = world.clock.now()
      await world.clock.until(() => world.told.log.length > 0, 100)
      limits.push(world.clock.now() - before)
    }
    for (let count = 0; count < 8; count++) await measure()
    expect(limits).toEqual([2000, 2000, 4000, 4000, 8000, 8000, 8000, 8000])
    await world.change()
    await measure()
    expect(limits.at(-1)).toBe(2000)
  })
})

describe('[P8.8] loyalty to what worked', () => {
  it('gives it two attempts before others: a server that is away is away for all', async () => {
    const world = new ChooserWorld()
    await world.connect()
    await world.newest.drop()
    expect(await tries(world, 'poll')).toEqual(['websocket', 'rests', 'websocket', 'poll'])
  })

  it('goes back to it first after everything had failed', async () => {
    const world = new ChooserWorld({ failed: 'websocket' })
    await world.connect()
    await world.newest.drop()
    const round = ['poll', 'websocket', 'stream', 'rests']
    expect(await tries(world, 'none')).toEqual(['poll', 'rests', ...round, ...round, ...round])
  })

  it.each([
    ['break soon after they open', 1006],
    ['fall silent', 4002],
  ])('ends with connections that %s three times in a row', async (_, code) => {
    const world = new ChooserWorld()
    const by: string[] = []
    for (let count = 0; count < 4; count++) {
      by.push(await world.connect())
      await world.clock.advance(20_000)
      if (code === 1006) await world.newest.drop(code)
      else world.link.close(code, 'The server fell silent')
    }
    expect(by).toEqual(['websocket', 'websocket', 'websocket', 'poll'])
  })

  it('does not end with connections that held, nor with those the server closed', async () => {
    const world = new ChooserWorld()
    for (let count = 0; count < 12; count++) {
      expect(await world.connect()).toBe('websocket')
      await world.clock.advance(count % 2 === 0 ? 61_000 : 5000)
      await world.newest.drop(1006)
      expect(await world.connect()).toBe('websocket')
      await world.newest.drop(4000)
    }
  })
})

describe('[P8.8] moving to a better way', () => {
  /** Connected by polling, with everything better having failed. */
  async function degraded() {
    const world = new ChooserWorld({ failed: 'websocket' })
    await world.connect()
    await world.clock.advance(0)
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
    const world = await degraded()
    const { stream, poll } = world.ways
    world.told.idle = false
    await stream.link.open()
    await stream.link.frame()
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
      await stream.link.open()
      await stream.link.frame()
      await world.clock.advance(5000)
      expect(stream.link.closed?.code).toBe(3000)
      await world.clock.until(() => stream.links.length > count, 100)
    }
    expect(world.clock.now() - 1_700_000_000_000).toBeLessThan(60_000)
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
    const world = await degraded()
    const { stream, poll } = world.ways
    world.told.idle = false
    await stream.link.open()
    await stream.link.frame()
    await poll.link.drop()
    expect(world.told).toMatchObject({ log: ['opened', 'pong', 'closed 1006'], wait: undefined })
    await world.clock.advance(300)
    await world.open()
    expect(world.told).toMatchObject({ log: ['opened'], via: { name: 'stream' } })
    expect(world.counts).toBe('websocket 0, stream 1, poll 1')
  })

  it('goes on without what it found when that is gone by then', async () => {
    const world = await degraded()
    const { stream, poll } = world.ways
    world.told.idle = false
    await stream.link.open()
    await stream.link.frame()
    await poll.link.drop()
    await stream.link.drop(4003)
    await world.open()
    expect(world.told).toMatchObject({ log: ['closed 1006 It was over before it was used'], wait: 0 })
    expect(await world.connect()).toBe('poll')
  })

  it('does not search on for a client that is away, whatever becomes of what it found', async () => {
    const world = await degraded()
    const { stream, poll } = world.ways
    world.told.idle = false
    await stream.link.open()
    await stream.link.frame()
    await poll.link.drop()
    await stream.link.drop(4003)
    await world.clock.advance(3_600_000)
    expect([world.counts, world.clock.waiting]).toEqual(['websocket 0, stream 1, poll 1', 0])
  })

  it('keeps the old way when the new one dies while it waits', async () => {
    const world = await degraded()
    const { stream } = world.ways
    world.told.idle = false
    await stream.link.open()
    await stream.link.frame()
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
      await websocket.link.open()
      await websocket.link.frame()
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
        await stream.link.open()
        await stream.link.frame()
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
