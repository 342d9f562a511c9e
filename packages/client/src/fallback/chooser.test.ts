import { describe, expect, it } from 'vitest'
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

  it('four seconds for what worked: a server to which everybody comes back at once is slow', async () => {
    const world = new ChooserWorld()
    await world.connect()
    await world.newest.drop()
    for (const [way, within] of [
      ['websocket', 4],
      ['websocket', 4],
      ['poll', 2],
    ] as const) {
      await world.open()
      expect(world.newest.name).toBe(way)
      await world.clock.advance(within * 1000 - 1)
      expect(world.told.log).toEqual([])
      await world.clock.advance(1)
      expect(world.told.log).toEqual([`closed 1006 It did not open within ${within} s`])
    }
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
    const others = ['poll', 'websocket', 'stream', 'rests']
    const again = ['poll', 'rests']
    expect(await tries(world, 'none')).toEqual([...again, ...others, ...again, ...again, ...again, ...others])
  })

  it('gives it twice as many attempts whenever all have failed alike, up to eight, and two again in another network', async () => {
    const world = new ChooserWorld()
    await world.connect()
    await world.newest.drop()
    const attempts = async (): Promise<number> => {
      for (let count = 0; ; count++) {
        await world.open()
        const { name } = world.newest
        await world.newest.drop()
        if (name === 'stream') return count - 1
      }
    }
    const series = [await attempts(), await attempts(), await attempts(), await attempts()]
    await world.change()
    expect([...series, await attempts()]).toEqual([2, 4, 8, 8, 2])
    await world.connect()
    await world.newest.drop()
    expect(await attempts()).toBe(2)
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
