import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { closeAll, loose, make } from '../../test/chat.js'
import { TestbedError } from '../index.js'

afterEach(async () => {
  vi.useRealTimers()
  await closeAll()
})

describe('advance', () => {
  it('lets heartbeats, timeouts and back-offs fall due in their order', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const states: string[] = []
    alice.on('state', ({ name }) => states.push(name))
    await alice.connect()
    await bed.advance('10m')
    expect(states).toEqual(['connecting', 'connected'])
    bed.network(alice).blackHole()
    const call = alice.call('shout', 'hi', { timeout: '3s' })
    const outcome = expect(call).rejects.toMatchObject({ kind: 'timeout' })
    await bed.advance('3s')
    await outcome
    await bed.advance('15s')
    expect(states.slice(2, 4)).toEqual(['degraded', 'reconnecting'])
    bed.network(alice).heal()
    await bed.advance('30s')
    expect(states.at(-1)).toBe('connected')
  })

  it('moves the clock by just so much', async () => {
    const bed = await make({ now: new Date('2026-01-01T00:00:00Z') })
    const begun = Date.UTC(2026, 0, 1)
    expect(bed.clock.now()).toBe(begun)
    await bed.advance('1.5s')
    await bed.advance(250)
    expect(bed.clock.now()).toBe(begun + 1750)
    await bed.server.publish('chat:lobby', 'x')
    const [{ time } = { time: 0 }] = (await bed.server.history('chat:lobby')).publications
    expect(time).toBe(begun + 1750)
    await expect(bed.advance('soon' as never)).rejects.toThrow(/^duration must be milliseconds or/)
  })

  it('lets history expire', async () => {
    const bed = await make()
    await bed.server.publish('brief:x', 'old')
    await bed.advance('61s')
    await bed.server.publish('brief:x', 'new')
    expect((await bed.server.history('brief:x')).publications.map(({ message }) => message)).toEqual(['new'])
  })

  it('waits for code that waits for something real, so that this cannot be too late', async () => {
    const bed = await make({
      auth: async ({ token }) => {
        await pause(20)
        return { id: String(token) }
      },
    })
    const alice = bed.client({ token: 'alice', timeouts: { connect: '1s' } })
    void alice.connect()
    await bed.advance('10s')
    expect(alice.state.name).toBe('connected')
  })

  it('takes turns with others that drive', async () => {
    const bed = await make()
    const begun = bed.clock.now()
    await Promise.all([bed.advance('1s'), bed.settle(), bed.advance('2s')])
    expect(bed.clock.now() - begun).toBe(3000)
  })
})

describe('settle', () => {
  it('waits for handlers that wait for something real', async () => {
    const bed = await make()
    bed.server.handle('blink', async () => {
      const text = await readFile(new URL(import.meta.url))
      return createHash('sha256').update(text).digest('hex')
    })
    const answered: string[] = []
    void bed
      .client({ token: 'a' })
      .call('blink', 1)
      .then((answer) => answered.push(answer))
    await bed.settle()
    expect(answered).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
  })

  it('waits for them whatever else is scheduled in their midst', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    let heard = 0
    alice.channel('chat:lobby').on('message', () => {
      heard++
      void bed.sleep('1m')
    })
    await alice.channel('chat:lobby').subscribe()
    bed.server.handle('blink', async () => {
      await pause(5)
      void bed.server.publish('chat:lobby', 'working')
      await pause(50)
      return 'done'
    })
    const answered: string[] = []
    void alice.call('blink', 1).then((answer) => answered.push(answer))
    await vi.waitFor(() => expect(heard).toBe(1), { interval: 1 })
    await bed.settle()
    expect(answered).toEqual(['done'])
  })

  it('says which handler does not end', async () => {
    const bed = await loose({ realTime: 30 })
    bed.server.handle('blink', () => new Promise(() => {}))
    const call = bed.client({ token: 'alice' }).call('blink', 1)
    const outcome = expect(call).rejects.toMatchObject({ kind: 'timeout' })
    const error = await bed.settle().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TestbedError)
    expect(String(error)).toBe(
      "TestbedError: After 30 ms of real time this has not ended:\n  - the handler of 'blink'\n" +
        "If it waits for time, let it wait with the testbed's sleep() or clock; if it needs longer, raise realTime.",
    )
    await bed.advance('10s')
    await outcome
    await expect(bed.close()).rejects.toThrow(
      "When the testbed was closed, this had not ended:\n  - the handler of 'blink'\nA handler that is to take long",
    )
  })

  it('does not wait for what waits for time: a sleeping handler, a call to a client, a timer of the clock', async () => {
    const bed = await make({ realTime: '1m' })
    bed.server.handle('blink', async ({ request, user }) => {
      await bed.sleep(request)
      if (user.id === 'alice') return bed.server.user('bob').call('blink', 1)
      await new Promise<void>((resolve) => bed.clock.schedule(1000, resolve))
      return 'slept'
    })
    const [alice, bob] = [bed.client({ token: 'alice' }), bed.client({ token: 'bob' })]
    await bob.connect()
    bob.handle('blink', async () => {
      await bed.sleep('2s')
      return 'bob'
    })
    const answers = Promise.all([alice.call('blink', 500), bob.call('blink', 700)])
    await bed.settle()
    expect(bed.pending()).toEqual([
      'client-1: waits for an answer to call blink #1',
      'client-2: waits for an answer to call blink #3',
      "the handler of 'blink' has not ended",
      "the handler of 'blink' has not ended",
    ])
    await bed.advance('1s')
    await bed.settle()
    await bed.advance('2s')
    expect(await answers).toEqual(['bob', 'slept'])
    expect(bed.pending()).toEqual([])
  })

  it('notices what goes round in circles, and says what', async () => {
    const bed = await loose({ mostSteps: 500 })
    const alice = bed.client({ token: 'alice' })
    const room = alice.channel('chat:lobby')
    room.on('message', (message) => void room.publish(`${message}!`).catch(() => {}))
    await room.subscribe()
    void room.publish('echo').catch(() => {})
    const error = await bed.settle().catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(TestbedError)
    expect(String(error)).toMatch(
      /500 things happened and no time passed\. Does something answer itself in a circle/,
    )
    expect(String(error)).toMatch(/client-1 → publish chat:lobby #\d+/)
    // With its clients the circle ends.
    await bed.close()
  })

  it('tells of a circle at the end, too, when nobody waited for rest', async () => {
    const lines: string[] = []
    const bed = await loose({ mostSteps: 500, trace: (line) => lines.push(line) })
    const alice = bed.client({ token: 'alice' })
    const room = alice.channel('chat:lobby')
    room.on('message', () => void room.publish('again').catch(() => {}))
    await room.publish('echo')
    await vi.waitFor(() => expect(lines.length).toBeGreaterThan(200))
    // It does not go on by itself.
    await pause(50)
    const { length } = lines
    await pause(50)
    expect(lines.length).toBe(length)
    await expect(bed.close()).rejects.toThrow('Nobody handled this: the testbed: 500 things happened')
  })

  it('does not wait for a handler that waits for its signal', async () => {
    const bed = await make({ realTime: '1m' })
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    const ended: string[] = []
    alice.handle('blink', async ({ signal }) => {
      const nothing = () => {}
      signal.addEventListener('abort', nothing)
      signal.removeEventListener('abort', nothing)
      await pause(10)
      ended.push('paused')
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      ended.push('aborted')
      return ''
    })
    const call = expect(bed.server.user('alice').call('blink', 1)).rejects.toMatchObject({ kind: 'timeout' })
    await bed.settle()
    expect(ended).toEqual(['paused'])
    await bed.advance('5s')
    await call
    expect(ended).toEqual(['paused', 'aborted'])
  })

  it('is refused to a handler, which would wait for itself', async () => {
    const bed = await make()
    const refused: unknown[] = []
    bed.server.handle('blink', async () => {
      await bed.advance('1s').catch((error: unknown) => refused.push(String(error)))
      return 'done'
    })
    expect(await bed.client({ token: 'a' }).call('blink', 1)).toBe('done')
    expect(refused).toEqual([
      "TestbedError: advance() within the handler of 'blink' would wait for itself; sleep() lets time pass there",
    ])
  })

  it('can be called by a listener', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const settled = new Promise<void>((resolve, reject) => {
      alice.channel('chat:lobby').on('message', () => void bed.settle().then(resolve, reject))
    })
    await bed.settle()
    await bed.server.publish('chat:lobby', 'hello')
    await settled
  })

  it('does not mind a test runner’s fake timers', async () => {
    vi.useFakeTimers()
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    await bed.advance('1m')
    await bed.settle()
    expect(alice.state.name).toBe('connected')
  })
})

describe('until', () => {
  it('lets as much time pass as a promise needs, and gives what it gives', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.network(alice).delay('200ms')
    const begun = bed.clock.now()
    expect(await bed.until(alice.channel('chat:lobby').publish('hi'))).toMatchObject({ offset: 1 })
    expect(bed.clock.now() - begun).toBe(400)
    await expect(bed.until(alice.channel('chat:cellar').publish('hi'))).rejects.toMatchObject({
      kind: 'forbidden',
    })
  })

  it('lets time pass until something is so', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.network(alice).cut()
    expect(alice.state.name).toBe('reconnecting')
    expect(await bed.until(() => alice.state.name === 'connected' && alice.user)).toBe('alice')
  })

  it('does not wait for ever, and says what it waited for', async () => {
    const bed = await make()
    const alice = bed.client({ name: 'alice', token: 'alice' })
    await alice.connect()
    bed.network(alice).refuse().cut()
    const publishing = expect(alice.channel('chat:lobby').publish('hi')).rejects.toMatchObject({
      kind: 'timeout',
    })
    const error = await bed.until(() => alice.state.name === 'connected', '30s').catch(String)
    expect(error).toMatch(
      /^TestbedError: until\(\) waited for 30000 ms of the testbed's time in vain\. At its end:\n {2}- alice: has no connection and tries again in \d+ ms$/,
    )
    await publishing
    await expect(bed.until(new Promise(() => {}), '1s')).rejects.toThrow(/alice: has no connection/)
    bed.network(alice).heal()
    await bed.until(() => alice.state.name === 'connected')
    await expect(bed.until(() => false, '1s')).rejects.toThrow('in vain. At its end, nothing waits.')
  })

  it('leaves what a condition begins to go on by itself', async () => {
    const bed = await make()
    const begun: Promise<unknown>[] = []
    await bed.until(() => begun.push(bed.server.publish('chat:lobby', 'hi')))
    expect(await Promise.all(begun)).toMatchObject([{ offset: 1 }])
  })

  it('does not go on when something failed meanwhile', async () => {
    const bed = await make()
    const begun = bed.clock.now()
    bed.server.handle('blink', async () => {
      await bed.sleep('1s')
      throw new Error('boom')
    })
    void bed
      .client({ token: 'a' })
      .call('blink', 1)
      .catch(() => {})
    await expect(bed.until(() => false)).rejects.toThrow("the handler of 'blink': boom")
    expect(bed.clock.now() - begun).toBe(1000)
  })

  it('passes on what a condition throws', async () => {
    const bed = await make()
    const condition = () => {
      throw new Error('mistaken')
    }
    await expect(bed.until(condition)).rejects.toThrow('mistaken')
  })
})

describe('a test that waits for what needs time', () => {
  const listen = () => {
    const warned: string[] = []
    const logger = { debug() {}, info() {}, warn: (text: string) => void warned.push(text), error() {} }
    return { warned, logger }
  }

  it('is told, once', async () => {
    const { warned, logger } = listen()
    const bed = await make({ logger, hintAfter: 20 })
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.network(alice).stall('up')
    const publishing = alice.channel('chat:lobby').publish('hi')
    await vi.waitFor(() => expect(warned).toHaveLength(1))
    expect(warned).toEqual([
      'The testbed has stood still for 20 ms. Only advance() and until() let its time pass, for which this may wait:\n' +
        '  - client-1: waits for an answer to publish chat:lobby #3\n' +
        '  - client-1: messages on the way to the server, held back by stall(): 1',
    ])
    bed.network(alice).heal()
    await publishing
    bed.network(alice).cut()
    await pause(60)
    expect(warned).toHaveLength(1)
  })

  it.each([[{ hintAfter: false as const }], [{ hintAfter: 20 }]])(
    'is not told otherwise: %o',
    async (options) => {
      const { warned, logger } = listen()
      const bed = await make({ logger, ...options })
      const alice = bed.client({ token: 'alice' })
      await alice.connect()
      if (options.hintAfter === false) bed.network(alice).cut()
      await pause(60)
      expect(warned).toEqual([])
    },
  )
})

describe('sleep', () => {
  it('ends with the testbed, and harms nobody who did not wait for it', async () => {
    const bed = await loose()
    const slept = bed.sleep('1h')
    void bed.sleep('2h')
    const outcome = expect(slept).rejects.toMatchObject({ kind: 'aborted' })
    await bed.close()
    await outcome
  })
})
