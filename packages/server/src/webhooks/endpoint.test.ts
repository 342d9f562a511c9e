import { describe, expect, it } from 'vitest'
import { Receivers } from '../../test/webhook-receivers.js'

const DAY = 86_400_000
const names = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `s${from + index}`)

describe('[H13.2] what happens is told to a backend', () => {
  it('together with what happens within 250 ms, by one request', async () => {
    const world = new Receivers()
    world.connect('a')
    await world.clock.advance(200)
    world.connect('b')
    await world.clock.advance(49)
    expect(world.requests).toEqual([])
    await world.clock.advance(1)
    expect(world.requests.length).toBe(1)
    expect(world.last.delivery).toMatchObject({
      url: 'https://backend.example/events?key=1',
      id: 'msg_id-2',
      time: 1_000_250,
      secrets: [new Uint8Array(32)],
    })
    expect(world.last.body).toEqual({
      node: 'node-1',
      events: [
        { id: 'evt_id-1.1', type: 'connected', time: 1_000_000, session: 'a' },
        { id: 'evt_id-1.2', type: 'connected', time: 1_000_200, session: 'b' },
      ],
    })
  })

  it('at once when a request is full: of a hundred events', async () => {
    const world = new Receivers()
    world.connect(...names(1, 99))
    await world.now()
    expect(world.requests).toEqual([])
    world.connect('s100', 's101')
    expect(world.requests).toEqual([])
    await world.now()
    expect(world.last.sessions).toEqual(names(1, 100))
  })

  it('by requests of about a megabyte, of which one event may be more', async () => {
    const world = new Receivers({ messages: true })
    const publish = (offset: number, length: number) =>
      world.webhooks.hubEvents.published?.(
        'chat:lobby',
        { data: { codec: 'json', text: JSON.stringify('x'.repeat(length)) } },
        { epoch: 'e', offset },
      )
    for (const [index, length] of [400_000, 400_000, 400_000, 2_000_000, 10].entries())
      publish(index + 1, length)
    world.answers(200)
    await world.clock.advance(1_000)
    const offsets = world.requests.map(({ body }) =>
      body.events.map((event) => ('offset' in event ? event.offset : 0)),
    )
    expect(offsets).toEqual([[1, 2], [3], [4], [5]])
  })

  it('in order, one request at a time', async () => {
    const world = new Receivers()
    world.connect(...names(1, 150))
    await world.now()
    world.connect(...names(151, 420))
    await world.clock.advance(5_000)
    expect(world.requests.length).toBe(1)
    world.answers(204)
    world.last.answer(200)
    await world.now()
    expect(world.requests.map(({ sessions }) => sessions.length)).toEqual([100, 100, 100, 100])
    await world.clock.advance(250)
    expect(world.requests.flatMap(({ sessions }) => sessions)).toEqual(names(1, 420))
    expect(world.webhooks.stats()).toEqual({ sent: 420, failed: 0, waiting: 0, dropped: 0 })
  })

  it('each backend by itself, and only what it wants', async () => {
    const world = new Receivers(
      { url: 'https://slow.example/', events: ['connected'], channels: ['none'] },
      { url: 'https://orders.example/', channels: ['orders:*', 'chat:lobby'] },
      { url: 'https://empty.example/', events: ['vacated'] },
    )
    world.handler = (request) => {
      if (request.delivery.url.includes('orders')) request.answer(200)
    }
    world.connect('a')
    const { hubEvents } = world.webhooks
    for (const channel of ['orders:1', 'chat:lobby', 'chat:lobby2', 'orders'])
      hubEvents.occupancy?.occupied(channel, 5)
    for (const channel of ['orders:2', 'chat:lobby3'])
      hubEvents.published?.(channel, { data: { codec: 'json', text: '1' } }, { epoch: 'e', offset: 1 })
    await world.clock.advance(250)
    world.connect('b')
    await world.clock.advance(60_000)
    const told = world.requests.map(({ delivery: { url }, body }) => [
      new URL(url).hostname,
      ...body.events.map((event) => ('channel' in event ? event.channel : event.type)),
    ])
    expect(told).toEqual([
      ['slow.example', 'connected'],
      ['orders.example', 'connected', 'orders:1', 'chat:lobby', 'orders:2'],
      ['orders.example', 'connected'],
      // It did not answer within 10 s.
      ...Array.from({ length: 4 }, () => ['slow.example', 'connected']),
    ])
  })
})

describe('[H13.3] what was not taken is tried again', () => {
  it('the same request, signed anew, after one second and twice as long each time, at random up to twice that', async () => {
    const world = new Receivers()
    world.chance = 0.5
    world.answers(500)
    world.connect('a')
    await world.clock.advance(250 + 40 * 60_000)
    const waits = world.requests.map(({ at }, index) => at - (world.requests[index - 1]?.at ?? at))
    expect(waits.slice(1, 9)).toEqual([1_500, 3_000, 6_000, 12_000, 24_000, 48_000, 96_000, 192_000])
    // Five minutes are the most, half of it by chance.
    expect(new Set(waits.slice(9))).toEqual(new Set([225_000]))
    expect(new Set(world.requests.map(({ delivery: { id, body } }) => id + body)).size).toBe(1)
    expect(world.requests.map(({ delivery: { time } }) => time)).toEqual(world.requests.map(({ at }) => at))
    world.chance = 0.999
    await world.clock.advance(3_600_000)
    const [before = 0, last = 0] = world.requests.slice(-2).map(({ at }) => at)
    expect(last - before).toBeLessThanOrEqual(300_000)
    // Taken, the next one begins anew.
    world.answers(200)
    await world.clock.advance(300_000)
    world.connect('b')
    world.chance = 0
    world.answers(500)
    await world.clock.advance(250 + 1_000)
    expect(world.requests.slice(-2).map(({ sessions }) => sessions)).toEqual([['b'], ['b']])
  })

  it.each([301, 400, 401, 404, 429, 500, 503])('whatever else it is answered: %i', async (status) => {
    const world = new Receivers()
    world.answers(status)
    world.connect('a')
    await world.clock.advance(250)
    world.answers(202)
    await world.clock.advance(1_000)
    expect(world.requests.map(({ sessions }) => sessions)).toEqual([['a'], ['a']])
    expect(world.webhooks.stats()).toEqual({ sent: 1, failed: 1, waiting: 0, dropped: 0 })
    expect(world.log).toEqual([
      `warn: a webhook was not taken, and is tried again {"url":"https://backend.example/events","reason":"status ${status}","wait":1000}`,
      'info: a webhook is taken again {"url":"https://backend.example/events"}',
    ])
  })

  it('which the log says once a minute', async () => {
    const world = new Receivers()
    world.answers(500)
    world.connect('a')
    await world.clock.advance(250 + 59_999)
    expect([world.requests.length > 4, world.log.length]).toEqual([true, 1])
    await world.clock.advance(86_400_000)
    expect(world.log.length).toBeLessThan(world.requests.length + 2)
  })

  it('when no answer comes in time, or the connection breaks', async () => {
    const world = new Receivers({ timeout: 2_000 })
    world.connect('a')
    await world.clock.advance(250 + 2_000)
    expect(world.last.isCancelled).toBe(true)
    world.handler = (request) => request.breakOff()
    await world.clock.advance(1_000)
    world.answers(200)
    await world.clock.advance(2_000)
    expect(world.requests.length).toBe(3)
    expect(world.log[0]).toContain('no answer within 2000 ms')
    expect(world.webhooks.stats()).toMatchObject({ sent: 1, failed: 2 })
    expect(world.clock.pending).toBe(0)
  })

  it('not before the backend asks for it', async () => {
    const world = new Receivers()
    world.answers(429, 90_000)
    world.connect('a')
    await world.clock.advance(250 + 89_999)
    expect(world.requests.length).toBe(1)
    await world.clock.advance(1)
    expect(world.requests.length).toBe(2)
  })

  it('for a day, once more at its end whatever the backend asks for; then it is given up, and the next request says so', async () => {
    const world = new Receivers()
    world.answers(503, 10 * DAY)
    world.connect('a', 'b')
    await world.clock.advance(250)
    world.connect('c')
    await world.clock.advance(DAY)
    expect(world.requests.map(({ sessions }) => sessions)).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
    expect(world.webhooks.stats()).toEqual({ sent: 0, failed: 2, waiting: 1, dropped: 2 })
    world.answers(200)
    await world.clock.advance(300_000)
    expect(world.last.body).toMatchObject({ events: [{ session: 'c' }], dropped: 2 })
    expect(world.log.join()).toContain('dropped: the backend did not take them')
  })

  it('a notice of what was dropped is not lost with the request that brings it', async () => {
    const world = new Receivers({ giveUpAfter: 1_000 })
    world.answers(500)
    for (const name of ['a', 'b']) {
      world.connect(name)
      await world.clock.advance(60_000)
    }
    world.answers(200)
    world.connect('c')
    await world.clock.advance(60_000)
    expect(world.last.body).toMatchObject({ events: [{ session: 'c' }], dropped: 2 })
    world.connect('d')
    await world.clock.advance(250)
    expect('dropped' in world.last.body).toBe(false)
  })

  it('no more after 410: the endpoint is switched off, and what waited is dropped', async () => {
    const world = new Receivers({}, { url: 'https://other.example/' })
    world.handler = (request) => request.answer(request.delivery.url.includes('other') ? 200 : 410)
    world.connect('a')
    await world.clock.advance(250)
    world.connect('b')
    await world.clock.advance(600_000)
    expect(world.requests.map(({ delivery }) => new URL(delivery.url).hostname)).toEqual([
      'backend.example',
      'other.example',
      'other.example',
    ])
    expect(world.log[0]).toMatch(/^error: a webhook is switched off .*410/)
    expect(world.webhooks.stats()).toEqual({ sent: 2, failed: 0, waiting: 0, dropped: 1 })
    await world.webhooks.close(5_000)
  })
})

describe('[H13.5] what waits is bounded', () => {
  it('beyond 10,000 events the oldest are dropped; the next request says how many, and the log once a minute', async () => {
    const world = new Receivers()
    world.connect(...names(1, 100))
    await world.now()
    world.connect(...names(101, 10_003))
    expect(world.webhooks.stats()).toEqual({ sent: 0, failed: 0, waiting: 10_000, dropped: 3 })
    world.connect('s10004')
    const dropped = () => world.log.filter((line) => line.includes('dropped'))
    expect(dropped()).toEqual([
      'warn: events for a webhook were dropped: the backend did not take them {"url":"https://backend.example/events","dropped":1}',
    ])
    world.answers(200)
    world.last.answer(200)
    await world.clock.advance(60_000)
    expect(dropped().slice(1)).toEqual([expect.stringContaining('"dropped":3}')])
    const [first, second, third] = world.requests
    expect(first?.sessions).toEqual(names(1, 100))
    // What was being tried stays; behind it four are missing.
    expect([second?.sessions[0], second?.body.dropped, third?.body.dropped]).toEqual(['s105', 4, undefined])
    expect(world.requests.flatMap(({ sessions }) => sessions)).toEqual([
      ...names(1, 100),
      ...names(105, 10_004),
    ])
    await world.clock.advance(60_000)
    expect(dropped().length).toBe(2)
    expect(world.clock.pending).toBe(0)
  })

  it('beyond 16 MiB too', async () => {
    const world = new Receivers({ messages: true })
    const text = JSON.stringify('x'.repeat(1_000_000))
    for (let offset = 1; offset <= 20; offset++)
      world.webhooks.hubEvents.published?.(
        'chat:lobby',
        { data: { codec: 'json', text } },
        { epoch: 'e', offset },
      )
    expect(world.webhooks.stats()).toMatchObject({ waiting: 16, dropped: 4 })
    world.answers(200)
    await world.clock.advance(250)
    expect(world.requests[0]?.body).toMatchObject({ events: [{ offset: 5 }], dropped: 4 })
  })
})

describe('[H13.6] closing', () => {
  /** Closes, and says at which time that was done. */
  const close = (world: Receivers) => {
    const done = { at: 0 }
    void world.webhooks.close(5_000).then(() => {
      done.at = world.clock.now()
    })
    return done
  }

  it('sends what waits at once, in order, and is done when it is taken', async () => {
    const world = new Receivers()
    world.connect(...names(1, 250))
    world.answers(200)
    const done = close(world)
    await world.now()
    expect(world.requests.flatMap(({ sessions }) => sessions)).toEqual(names(1, 250))
    expect(done.at).toBe(1_000_000)
    expect(world.webhooks.stats()).toEqual({ sent: 250, failed: 0, waiting: 0, dropped: 0 })
    expect(world.clock.pending).toBe(0)
  })

  it('is done at once where nothing waits, and takes no more events', async () => {
    const world = new Receivers()
    const done = close(world)
    await world.now()
    expect(done.at).toBe(1_000_000)
    world.connect('late')
    await world.clock.advance(60_000)
    expect([world.requests.length, world.clock.pending]).toEqual([0, 0])
    expect(close(world)).toEqual({ at: 0 })
  })

  it('waits for the request under way, and sends the rest behind it', async () => {
    const world = new Receivers()
    world.connect('a')
    await world.clock.advance(250)
    world.connect('b')
    const done = close(world)
    await world.clock.advance(3_000)
    expect([world.requests.length, done.at]).toEqual([1, 0])
    world.answers(200)
    world.last.answer(200)
    await world.now()
    expect([world.last.sessions, done.at]).toEqual([['b'], world.clock.now()])
  })

  it('tries again at once what was waiting to be, and every half a second; after five seconds it drops the rest', async () => {
    const world = new Receivers()
    world.answers(500)
    world.connect('a', 'b')
    await world.clock.advance(60_000)
    const before = world.requests.length
    const done = close(world)
    await world.clock.advance(4_999)
    expect([world.requests.length - before, done.at]).toEqual([10, 0])
    await world.clock.advance(1)
    expect(done.at).toBe(world.clock.now())
    expect(world.webhooks.stats()).toMatchObject({ sent: 0, waiting: 0, dropped: 2 })
    expect(world.log.at(-1)).toContain('"dropped":2')
    await world.clock.advance(600_000)
    expect(world.clock.pending).toBe(0)
  })

  it('gives up the request under way after five seconds', async () => {
    const world = new Receivers()
    world.connect('a')
    await world.clock.advance(250)
    const done = close(world)
    await world.clock.advance(5_000)
    expect([world.last.isCancelled, done.at]).toEqual([true, world.clock.now()])
    expect(world.webhooks.stats()).toEqual({ sent: 0, failed: 0, dropped: 1, waiting: 0 })
    expect(world.clock.pending).toBe(0)
  })
})
