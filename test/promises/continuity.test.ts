/** Continuity over real sockets: nothing lost, nothing twice, in order, or one honest gap. */
import { afterEach, describe, expect, it } from 'vitest'
import { Listener, numbers, pause, serve, until } from './world.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function world(listeners: number) {
  const { server, port } = await serve()
  closers.push(() => server.close())
  const all = await Promise.all(Array.from({ length: listeners }, () => Listener.join(port)))
  closers.push(() => Promise.all(all.map((listener) => listener.leave())))
  const [first] = all
  if (first === undefined) throw new Error('nobody')
  return { server, port, listeners: all, first }
}

describe('[P6.3] over connections that are cut', { timeout: 60_000 }, () => {
  it('twenty listeners get every message once and in order, each cut again and again', async () => {
    const { server, listeners } = await world(20)
    let isOver = false
    const cutter = async (listener: Listener, index: number) => {
      while (!isOver) {
        await pause(40 + ((index * 37) % 160))
        listener.network.cut()
      }
    }
    const cutting = listeners.map(cutter)
    for (let message = 1; message <= 400; message++) {
      await server.publish('room:one', message)
      await pause(5)
    }
    isOver = true
    await Promise.all(cutting)
    await until(
      () => listeners.every(({ messages }) => messages.length >= 400),
      () => listeners.map(({ messages }) => messages.length),
    )
    for (const { messages, gaps } of listeners) expect([messages, gaps]).toEqual([numbers(1, 400), []])
    const connections = listeners.map(({ network }) => network.connections)
    expect(Math.min(...connections)).toBeGreaterThan(3)
  })

  it('what a client publishes while it is cut again and again is stored once, in order', async () => {
    const { listeners, first, port } = await world(1)
    const writer = await Listener.join(port)
    closers.push(() => writer.leave())
    let isOver = false
    const cutting = (async () => {
      while (!isOver) {
        await pause(30)
        writer.network.cut()
      }
    })()
    const positions = await Promise.all(
      numbers(1, 100).map(async (message) => {
        await pause(message * 8)
        return writer.room.publish(message, { timeout: 20_000 })
      }),
    )
    isOver = true
    await cutting
    await until(
      () => listeners.every(({ messages }) => messages.length >= 100),
      () => listeners.map(({ messages }) => messages),
    )
    expect(first.messages.toSorted((a, b) => Number(a) - Number(b))).toEqual(numbers(1, 100))
    expect(positions.map(({ offset }) => offset).toSorted((a, b) => a - b)).toEqual(numbers(1, 100))
  })
})

describe('[P7.2] over connections that die without a word', { timeout: 60_000 }, () => {
  it.each([
    ['nothing passes, either way', (one: Listener) => one.network.stall()],
    ['what the server sends is swallowed', (one: Listener) => one.network.swallow('down')],
    ['what the client sends is swallowed', (one: Listener) => one.network.swallow('up')],
  ])('%s: both ends notice, and nothing is missed', async (_, harm) => {
    const { server, first } = await world(1)
    await server.publish('room:one', 1)
    harm(first)
    for (const message of numbers(2, 20)) await server.publish('room:one', message)
    await until(
      () => first.messages.length >= 20 && first.network.connections > 1,
      () => [first.messages, first.client.state],
    )
    await server.publish('room:one', 21)
    await until(
      () => first.messages.length >= 21,
      () => first.messages,
    )
    expect([first.messages, first.gaps]).toEqual([numbers(1, 21), []])
  })

  it('a network that only paused is not left, and what waited in it comes once', async () => {
    const { server, first } = await world(1)
    first.network.stall()
    for (const message of numbers(1, 20)) await server.publish('room:one', message)
    await pause(150)
    first.network.heal()
    await until(
      () => first.messages.length >= 20,
      () => first.messages,
    )
    expect([first.messages, first.gaps]).toEqual([numbers(1, 20), []])
    expect(first.network.connections).toBe(1)
  })

  it('a slow network changes nothing but the time it takes', async () => {
    const { server, first } = await world(1)
    first.network.delay = 100
    for (const message of numbers(1, 50)) await server.publish('room:one', message)
    await until(
      () => first.messages.length >= 50,
      () => first.messages,
    )
    expect([first.messages, first.gaps]).toEqual([numbers(1, 50), []])
  })
})

describe('[P6.5] where the past is gone', { timeout: 60_000 }, () => {
  it('one gap says from where to where, and what is kept comes after it', async () => {
    const { server, port } = await world(1)
    const listener = await Listener.join(port, { channel: 'brief:one' })
    closers.push(() => listener.leave())
    await server.publish('brief:one', 1)
    await until(
      () => listener.messages.length === 1,
      () => listener.messages,
    )
    listener.network.refusing = true
    listener.network.cut()
    for (const message of numbers(2, 20)) await server.publish('brief:one', message)
    listener.network.refusing = false
    await until(
      () => listener.messages.length >= 6,
      () => listener.messages,
    )
    expect(listener.messages).toEqual([1, ...numbers(16, 20)])
    expect(listener.gaps).toMatchObject([
      { from: { offset: 1 }, to: { offset: 15 }, reason: 'history-trimmed' },
    ])
  })

  it('a server that comes back without its memory is told as one gap, and the channel goes on', async () => {
    const { server, port, first } = await world(1)
    await server.publish('room:one', 1)
    await until(
      () => first.messages.length === 1,
      () => first.messages,
    )
    await server.close()
    const again = await serve(port)
    closers.push(() => again.server.close())
    await until(
      () => first.gaps.length === 1,
      () => first.client.state,
    )
    await again.server.publish('room:one', 2)
    await until(
      () => first.messages.length === 2,
      () => first.messages,
    )
    expect(first.messages).toEqual([1, 2])
    expect(first.gaps).toMatchObject([{ from: { offset: 1 }, to: { offset: 0 }, reason: 'epoch-changed' }])
  })
})

describe('[P5.3] between a page that the server rendered and the live stream', { timeout: 60_000 }, () => {
  it('nothing is missed: the first subscription begins where the page ends', async () => {
    const { server, port } = await world(1)
    for (const message of numbers(1, 10)) await server.publish('room:one', message)
    const { position } = await server.history('room:one', { limit: 10 })
    for (const message of numbers(11, 15)) await server.publish('room:one', message)
    const listener = await Listener.join(port, { since: position })
    closers.push(() => listener.leave())
    await server.publish('room:one', 16)
    await until(
      () => listener.messages.length >= 6,
      () => listener.messages,
    )
    expect([listener.messages, listener.gaps]).toEqual([numbers(11, 16), []])
  })
})
