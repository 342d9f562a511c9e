import { describe, expect, it } from 'vitest'
import { Pace, type Source } from './pace.js'

/** A link and a client that reads so many bytes a millisecond, after a delay. */
function world({ rate = Number.POSITIVE_INFINITY, delay = 5, most = 262_144 } = {}) {
  let now = 0
  let read = 0
  let written = 0
  const pings: { readonly at: number; readonly written: number }[] = []
  const pace = new Pace(
    {
      get written() {
        return written
      },
      now: () => now,
      ping: () => ping(),
    },
    most,
  )
  const advance = (ms: number) => {
    for (let i = 0; i < ms; i++) {
      now++
      read = Math.min(written, read + rate)
      while (pings[0] !== undefined && pings[0].written <= read && pings[0].at + delay <= now) {
        pings.shift()
        pace.ponged()
      }
    }
  }
  let asked = 0
  const ping = () => {
    asked++
    pings.push({ at: now, written })
    pace.pinged()
  }
  const send = (bytes: number) => {
    written += bytes
    pace.probe()
  }
  /** Frames of a size, as many as there are. */
  const source = (bytes: number, count: number): Source & { left: number } => ({
    left: count,
    step() {
      if (this.left === 0) return 'done'
      this.left--
      written += bytes
      return 'sent'
    },
  })
  return {
    pace,
    ping,
    advance,
    send,
    source,
    pings,
    unread: () => written - read,
    now: () => now,
    asked: () => asked,
  }
}

describe('[H9.1] a pace', () => {
  it('has room until so much is unread, and again when that was read', () => {
    const { pace, send, advance } = world()
    send(4_000)
    expect(pace.hasRoom).toBe(true)
    send(1000)
    expect(pace.hasRoom).toBe(false)
    advance(10)
    expect(pace.hasRoom).toBe(true)
  })

  it('asks after some kilobytes, not after every message', () => {
    const { send, pings } = world({ delay: 1000 })
    for (let i = 0; i < 100; i++) send(100)
    expect(pings).toHaveLength(4)
  })

  it('asks who reads much at once a few times a second, however much that is', () => {
    const { send, advance, asked } = world({ delay: 1 })
    for (let i = 0; i < 10_000; i++) {
      send(500)
      advance(1)
    }
    expect(asked()).toBeLessThan(10 * 45)
    expect(asked()).toBeGreaterThanOrEqual(10 * 3)
  })

  it('grows as long as all is read at once, up to the most there may be', () => {
    const { pace, source, advance, unread } = world({ delay: 20, most: 100_000 })
    const much = source(1000, 1000)
    pace.add(much)
    let widest = 0
    for (let i = 0; i < 100 && much.left > 0; i++) {
      widest = Math.max(widest, unread())
      advance(20)
    }
    expect(much.left).toBe(0)
    expect(widest).toBeGreaterThan(90_000)
    expect(widest).toBeLessThanOrEqual(101_000)
  })

  it('comes down to what is read in half a second, and stays there', () => {
    // 64 kbit/s are 8 bytes a millisecond.
    const { pace, source, advance, unread } = world({ rate: 8, delay: 40 })
    const much = source(200, 1000)
    pace.add(much)
    advance(4000)
    let most = 0
    for (let i = 0; i < 40; i++) {
      advance(100)
      most = Math.max(most, unread())
    }
    // What is sent is read within about half a second.
    expect(most).toBeLessThanOrEqual(4_400)
    // And the link is never idle for it.
    expect(1000 - much.left).toBeGreaterThan((8000 * 8 * 0.9) / 200)
  })

  it('sends nothing to a client that reads nothing', () => {
    const { pace, source, advance, unread } = world({ rate: 0 })
    const much = source(500, 1000)
    pace.add(much)
    advance(10_000)
    expect(unread()).toBeLessThan(9_000)
  })

  it('does not take for slow who is far away, once it is known how far', () => {
    const { pace, ping, source, advance } = world({ delay: 600 })
    ping()
    advance(600)
    const much = source(1000, 2000)
    pace.add(much)
    advance(6000)
    // It doubles with every way there and back: 4 + 8 + … + 256 KiB and more.
    expect(2000 - much.left).toBeGreaterThan(600)
  })

  it('is slow with who is far away and reads slowly', () => {
    const { pace, ping, source, advance, unread } = world({ rate: 50, delay: 600 })
    ping()
    advance(600)
    const much = source(1000, 10_000)
    pace.add(much)
    advance(20_000)
    // What it reads while the answer to a ping comes, and in a second.
    expect(unread()).toBeLessThan(50 * 1_700)
    expect(10_000 - much.left).toBeGreaterThan(20 * 50 * 0.7)
  })

  it('lets sources take turns, passes over those that are idle, and forgets those that are done', () => {
    const order: string[] = []
    const { pace } = world()
    const named = (name: string, count: number): Source => {
      let left = count
      return {
        step() {
          if (left-- === 0) return 'done'
          order.push(name)
          return 'sent'
        },
      }
    }
    const blocked = { isIdle: true, step: () => (blocked.isIdle ? ('idle' as const) : ('done' as const)) }
    pace.add(blocked)
    pace.add(named('a', 2))
    pace.add(named('b', 2))
    expect(order).toEqual(['a', 'a', 'b', 'b'])
    blocked.isIdle = false
    pace.drain()
    expect(order).toHaveLength(4)
  })

  it('wakes up for what waits though little was written since the last ping', () => {
    const { pace, source, send, advance } = world({ delay: 50 })
    send(17_000)
    send(100)
    const little = source(10, 1)
    pace.add(little)
    expect(little.left).toBe(1)
    advance(60)
    expect(little.left).toBe(0)
  })

  it('is not confused by a pong that nobody asked for', () => {
    const { pace, send } = world({ rate: 0 })
    pace.ponged()
    send(17_000)
    expect(pace.hasRoom).toBe(false)
  })
})
