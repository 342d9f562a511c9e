import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '../../test/clock.js'
import { ears, FakeWay } from '../../test/ways.js'
import type { Link, Transport } from '../core/index.js'
import { withFallback } from './with-fallback.js'

function world(mayUse = true) {
  const clock = new FakeClock()
  const [socket, other] = [new FakeWay('websocket'), new FakeWay('poll')]
  const built = {
    ...{ clock, socket, other },
    loads: 0,
    /** Whether WebSockets had worked, as what was fetched was told. */
    hasWorked: undefined as boolean | undefined,
    /** What comes of fetching the other ways. */
    load: async (): Promise<Transport> => other,
    told: ears().told,
    link: undefined as Link | undefined,
    async open() {
      const { told, events } = ears()
      built.told = told
      built.link = transport.open('millrace.json', events)
      await settle()
    },
    /** Opens a connection over which something comes. */
    async works() {
      await built.open()
      await socket.link.open('millrace.json')
      built.link?.send('connect')
      await socket.link.frame()
    },
  }
  const parts = {
    ...{ clock, webSocket: mayUse ? socket : undefined },
    ping: (protocol: string) => `ping ${protocol}`,
  }
  const transport = withFallback(parts, async () => {
    built.loads++
    const loaded = await built.load()
    return {
      otherWays(_, hasWorked) {
        built.hasWorked = hasWorked
        return loaded
      },
    }
  })
  return built
}

describe('[P8.8] a WebSocket that works', () => {
  it('is used as it is, and nothing else is fetched', async () => {
    const w = world()
    await w.works()
    w.link?.send('more')
    await w.socket.link.drop(4000, 'Bye')
    expect(w.told.log).toEqual(['opened millrace.json', 'pong', 'closed 4000 Bye'])
    expect(w.socket.link.sent).toEqual(['ping millrace.json', 'connect', 'more'])
    expect([w.loads, w.clock.waiting]).toEqual([0, 0])
  })

  it('may take as long as it likes about the token, and the server about connect', async () => {
    const w = world()
    await w.open()
    await w.clock.advance(1900)
    await w.socket.link.open('millrace.json')
    await w.clock.advance(1900)
    await w.socket.link.frame('pong')
    await w.clock.advance(9000)
    w.link?.send('connect')
    await w.clock.advance(60_000)
    expect([w.told.log, w.loads]).toEqual([['opened millrace.json', 'pong'], 0])
  })

  it('is trusted when it is cut: it has two attempts, and as long as it takes, before others are fetched', async () => {
    const w = world()
    await w.works()
    await w.socket.link.drop()
    for (let count = 0; count < 2; count++) {
      await w.open()
      await w.clock.advance(10_000)
      await w.socket.link.drop(1006, 'away')
      expect([w.told.log, w.told.wait, w.loads]).toEqual([['closed 1006 away'], undefined, 0])
    }
    await w.open()
    await w.clock.advance(3999)
    expect(w.loads).toBe(0)
    await w.clock.advance(1)
    // Silent as it was, it is not tried again at once; refused, it is.
    expect([w.told.wait, w.loads, w.hasWorked]).toEqual([0, 1, false])
  })

  it('that is refused, after it had worked, may be tried again by what is fetched', async () => {
    const w = world()
    await w.works()
    await w.socket.link.drop()
    for (let count = 0; count < 3; count++) {
      await w.open()
      await w.socket.link.drop(1006, 'refused')
    }
    expect([w.told.wait, w.loads, w.hasWorked]).toEqual([0, 1, true])
  })

  it('is trusted anew whenever something comes', async () => {
    const w = world()
    for (let count = 0; count < 10; count++) {
      await w.works()
      await w.socket.link.drop()
      await w.open()
      await w.socket.link.drop()
    }
    expect(w.loads).toBe(0)
  })

  it('says no ping on an attempt in which it is trusted', async () => {
    const w = world()
    await w.works()
    await w.socket.link.drop()
    await w.works()
    expect(w.socket.link.sent).toEqual(['connect'])
  })

  it('is not at fault when the server refuses it', async () => {
    const w = world()
    await w.open()
    await w.socket.link.drop(4500, 'Who are you?')
    await w.clock.advance(60_000)
    await w.open()
    await w.socket.link.open()
    await w.socket.link.drop(1013)
    await w.clock.advance(60_000)
    expect([w.told.log, w.loads]).toEqual([['opened', 'closed 1013'], 0])
  })

  it('is not at fault when the client itself gives it up', async () => {
    for (const isOpen of [false, true]) {
      const w = world()
      await w.open()
      if (isOpen) await w.socket.link.open()
      w.link?.close(1000, 'Closed by the application')
      expect(w.socket.link.closed).toEqual({ code: 1000, reason: 'Closed by the application' })
      // As a WebSocket tells that was not open yet.
      await w.socket.link.drop(1006)
      await w.clock.advance(60_000)
      expect([w.loads, w.clock.waiting]).toEqual([0, 0])
      await w.works()
      expect(w.other.links).toHaveLength(0)
    }
  })
})

describe('[P8.8] [P7.3] a WebSocket that does not work', () => {
  it.each([
    ['fails', async (w: ReturnType<typeof world>) => w.socket.link.drop(1006, 'refused'), 0, 'refused'],
    ['does not open', async () => {}, 2000, 'Nothing came in time'],
    [
      'opens and is silent',
      async (w: ReturnType<typeof world>) => {
        await w.socket.link.open('millrace.json')
        w.link?.send('connect')
        expect(w.socket.link.sent).toEqual(['ping millrace.json', 'connect'])
      },
      2000,
      'Nothing came in time',
    ],
  ])('and %s: the other ways are fetched, and used at once', async (_, happens, after, why) => {
    const w = world()
    await w.open()
    await happens(w)
    await w.clock.advance(Math.max(0, after - 1))
    if (after > 0) expect(w.loads).toBe(0)
    await w.clock.advance(1)
    expect(w.told).toMatchObject({ wait: 0 })
    expect(w.told.log.at(-1)).toBe(`closed 1006 ${why}`)
    expect([w.loads, w.socket.link.closed?.code, w.clock.waiting]).toEqual([1, 3000, 0])
    expect(w.hasWorked).toBe(false)
    await w.open()
    await w.open()
    expect([w.loads, w.socket.links.length, w.other.links.length]).toEqual([1, 1, 2])
  })

  it('and throws, as for a policy of the page: the same', async () => {
    const w = world()
    w.socket.throws = new Error('Not by this page’s policy')
    await w.open()
    expect([w.told.log, w.told.wait, w.loads]).toEqual([
      ['closed 1006 Error: Not by this page’s policy'],
      0,
      1,
    ])
    await w.open()
    expect([w.other.links.length, w.clock.waiting]).toEqual([1, 0])
  })

  it('and may not be used: the others are fetched at once', async () => {
    const w = world(false)
    await w.open()
    expect([w.told.log, w.told.wait, w.loads]).toEqual([['closed 1006 No WebSocket'], 0, 1])
    w.link?.close(1000, '')
    await w.open()
    expect([w.other.links.length, w.clock.waiting]).toEqual([1, 0])
  })

  it('where nothing can be fetched either, it is tried again', async () => {
    const w = world()
    w.load = async () => {
      throw new TypeError('Failed to fetch dynamically imported module')
    }
    for (let count = 1; count <= 3; count++) {
      await w.open()
      await w.socket.link.drop()
      expect([w.told.log, w.told.wait, w.loads]).toEqual([['closed 1006'], undefined, count])
    }
    await w.works()
    expect(w.told.log).toEqual(['opened millrace.json', 'pong'])
  })

  it('ends once, whatever comes while the others are fetched', async () => {
    const w = world()
    let loaded = (_: Transport): void => {}
    w.load = () => new Promise((resolve) => (loaded = resolve))
    await w.open()
    await w.clock.advance(2000)
    await w.socket.link.open('millrace.json')
    w.link?.send('connect')
    await w.clock.advance(10_000)
    loaded(w.other)
    await settle()
    expect([w.loads, w.told.log]).toEqual([1, ['opened millrace.json', 'closed 1006 Nothing came in time']])
    expect([w.socket.link.closed?.code, w.clock.waiting]).toEqual([3000, 0])
  })
})
