import { setTimeout as pause } from 'node:timers/promises'
import { binary } from '@millrace/client/binary'
import { channel, defineApi, MillraceError, type MillraceServer } from '@millrace/server'
import * as msgpack from '@msgpack/msgpack'
import { afterEach, describe, expect, it } from 'vitest'
import { api, closeAll, hear, loose, make, type Options, type Person } from '../../test/chat.js'
import { testbed } from '../index.js'

afterEach(closeAll)

describe('a testbed', () => {
  it('needs nothing but its own moment: subscribing, publishing and calling resolve by themselves', async () => {
    const bed = await make()
    const [alice, bob] = [bed.client({ token: 'alice' }), bed.client({ token: 'bob' })]
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    const before = bed.clock.now()
    expect(await bob.channel('chat:lobby').publish('hello')).toMatchObject({ offset: 1 })
    expect(await bed.server.publish('chat:lobby', 'welcome')).toMatchObject({ offset: 2 })
    expect(await bob.call('shout', 'hi')).toBe('HI, bob!')
    await bed.settle()
    expect(heard).toEqual(['hello', 'welcome'])
    expect([alice.state.name, alice.user, bed.clock.now()]).toEqual(['connected', 'alice', before])
  })

  it('has the server’s own say in who may do what', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await expect(alice.channel('chat:cellar').publish('psst')).rejects.toMatchObject({ kind: 'forbidden' })
    await expect(alice.channel('chat:lobby').publish(7 as never)).rejects.toMatchObject({
      kind: 'invalid-payload',
      field: 'data',
    })
    await expect(alice.call('shout', '')).rejects.toThrow('Nothing to shout')
    const nobody = bed.client()
    await expect(nobody.connect()).rejects.toMatchObject({ kind: 'authentication-failed' })
    expect(bed.takeErrors()).toMatchObject([{ where: 'client-2', error: { kind: 'authentication-failed' } }])
  })

  it('has presence, ephemeral messages, history, and calls to clients', async () => {
    const bed = await make()
    const [alice, bob] = [bed.client({ token: 'alice' }), bed.client({ token: 'bob' })]
    const room = alice.channel('chat:lobby')
    const told: unknown[] = []
    room.on('ephemeral', (message, { from }) => told.push(message, from?.user))
    room.on('presence', ({ joined, departed }) => told.push([joined.length, departed.length]))
    await room.subscribe()
    await bob.channel('chat:lobby').enter({ name: 'Bob' })
    bob.channel('chat:lobby').sendEphemeral({ typing: true })
    await bed.settle()
    expect(told).toContainEqual([1, 0])
    expect(told.slice(-2)).toEqual([{ typing: true }, 'bob'])
    expect(await bed.server.presence('chat:lobby')).toMatchObject([{ user: 'bob', data: { name: 'Bob' } }])
    await bob.channel('chat:lobby').publish('hello')
    const { publications } = await bed.server.history('chat:lobby')
    expect(publications).toMatchObject([{ message: 'hello', offset: 1, from: { user: 'bob' } }])
    bob.handle('blink', ({ request }) => `${request} times`)
    expect(await bed.server.user('bob').call('blink', 3)).toBe('3 times')
    expect(bed.server.user('bob').sessions()).toHaveLength(1)
    bob.close()
    await bed.settle()
    expect(told.at(-1)).toEqual([0, 1])
  })

  it('tells of sessions that come and go, until the listener is removed', async () => {
    const bed = await make({ subscriptions: ({ user }) => [`inbox:${user.id}`] })
    const seen: string[] = []
    const off = bed.server.on('connect', ({ user }) => seen.push(`+${user.id}`))
    bed.server.on('disconnect', ({ user }, code) => seen.push(`-${user.id} ${code}`))
    const alice = bed.client({ token: 'alice' })
    const inboxes: string[] = []
    alice.on('subscription', ({ name }) => inboxes.push(name))
    await alice.connect()
    await bed.settle()
    alice.close()
    await bed.settle()
    off()
    await bed.client({ token: 'bob' }).connect()
    expect([seen, inboxes]).toEqual([['+alice', '-alice 1000'], ['inbox:alice']])
  })

  it('gives auth the headers and the address a client is said to have', async () => {
    const asked: unknown[] = []
    const bed = await make({
      auth: ({ token, headers, remoteAddress }) => {
        asked.push([token, headers['cookie'], remoteAddress])
        return { id: 'somebody' }
      },
    })
    await bed.client({ headers: { cookie: 'sid=7' }, remoteAddress: '192.0.2.7' }).connect()
    await bed.client({ token: async () => 'fresh' }).connect()
    expect(asked).toEqual([
      [undefined, 'sid=7', '192.0.2.7'],
      ['fresh', undefined, '127.0.0.1'],
    ])
  })

  it('speaks both dialects, and codecs', async () => {
    const other = defineApi({
      channels: { 'quotes:{symbol}': channel({ codec: 'msgpack', publish: 'anyone' }) },
    })
    const bed = await testbed({ api: other })
    const heard: unknown[] = []
    const reader = bed.client({ dialect: binary(), codecs: { msgpack }, api: other })
    const writer = bed.client({ codecs: { msgpack }, api: other })
    reader.channel('quotes:x').on('message', (message) => heard.push(message))
    await reader.channel('quotes:x').subscribe()
    await writer.channel('quotes:x').publish({ price: 7 })
    await bed.settle()
    expect(heard).toEqual([{ price: 7 }])
    await bed.close()
  })

  it('keeps to the server’s limits', async () => {
    const bed = await make({ limits: { message: 300, subscriptions: 1 } })
    const alice = bed.client({ token: 'alice' })
    const room = alice.channel('chat:lobby')
    await room.subscribe()
    await expect(room.publish('é'.repeat(200))).rejects.toMatchObject({ kind: 'message-too-large' })
    await expect(alice.channel('chat:attic').subscribe()).rejects.toMatchObject({ kind: 'limit-exceeded' })
  })

  it('tells a client that says too much', async () => {
    const bed = await make({ limits: { message: 300 } })
    const alice = bed.client({ name: 'alice', token: 'x'.repeat(1000) })
    void alice.connect()
    await expect(bed.settle()).rejects.toThrow(/alice: The message has \d+ bytes; at most 300 are read here/)
  })

  it('waits for a token that takes real time', async () => {
    const bed = await make()
    const alice = bed.client({
      token: async () => {
        await pause(20)
        return 'alice'
      },
    })
    void alice.connect()
    await bed.settle()
    expect(alice.user).toBe('alice')
  })

  it('closes though its broker is away', async () => {
    const bed = await loose()
    const alice = bed.client({ token: 'alice' })
    await alice.channel('chat:lobby').enter({ name: 'Alice' })
    bed.broker.cut()
    await bed.close()
  })

  it('goes without an api, as a server does', async () => {
    const warned: string[] = []
    const logger = { debug() {}, info() {}, warn: (text: string) => void warned.push(text), error() {} }
    const bed = await testbed({ logger })
    expect(await bed.client().channel('any:thing').publish({ any: 'thing' })).toMatchObject({ offset: 1 })
    expect(warned).toEqual([expect.stringContaining('no api is defined')])
    await bed.close()
  })

  it('has no sockets, and says so', async () => {
    const bed = await make()
    const message = /^A testbed has no sockets/
    expect(() => bed.server.attach({} as never)).toThrow(message)
    await expect(bed.server.listen(8080)).rejects.toThrow(message)
    await expect(bed.server.reloadTls()).rejects.toThrow(message)
  })

  it.each([
    [{ nodes: 0 }, 'nodes must be a whole number of at least 1, not 0'],
    [{ seed: 1.5 }, 'seed must be a whole number of at least 0, not 1.5'],
    [{ mostSteps: 0 }, 'mostSteps must be a whole number of at least 1, not 0'],
    [{ now: Number.NaN }, 'now must be a Date or whole milliseconds, not NaN'],
    [{ realTime: '1 week' as never }, 'realTime must be milliseconds or a duration'],
    [{ heartbeat: 0 }, 'heartbeat must be at least 1 ms'],
  ])('names the option that is wrong: %o', async (options, message) => {
    await expect(testbed(options)).rejects.toThrow(TypeError)
    await expect(testbed(options)).rejects.toThrow(message)
  })

  it('passes on what setup throws', async () => {
    const warned: string[] = []
    const logger = { debug() {}, info() {}, warn: (text: string) => void warned.push(text), error() {} }
    const setup = async (server: MillraceServer<typeof api, Person>) => {
      await server.publish('chat:lobby', 'hello')
      throw new Error('no database')
    }
    await expect(testbed({ api, setup, logger, hintAfter: 10 } as Options)).rejects.toThrow('no database')
    // And that is the end of it.
    await pause(30)
    expect(warned).toEqual([])
    const twice = make({ setup: (server) => void server.channel('chat:{rum}' as never) })
    await expect(twice).rejects.toThrow(/has no channel pattern 'chat:\{rum\}'/)
  })

  it('tells at once of a pattern or a method that the api has not', async () => {
    const bed = await make()
    expect(() => bed.server.channel('chat:{rum}' as never)).toThrow(TypeError)
    expect(() => bed.server.handle('scream' as never, () => '')).toThrow(/has no call 'scream'/)
    expect(() => bed.server.handle('shout', () => '')).toThrow(/has a handler already/)
  })

  it('closes once, and is over then', async () => {
    const bed = await loose()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    await Promise.all([bed.close(), bed.close()])
    expect(alice.state).toMatchObject({ name: 'closed', reason: 'The testbed was closed' })
    for (const use of [
      () => bed.settle(),
      () => bed.advance(1),
      () => bed.until(() => true),
      () => bed.start(),
    ])
      await expect(use()).rejects.toThrow(/: the testbed is closed$/)
    expect(() => bed.client()).toThrow('client(): the testbed is closed')
  })

  it('is closed at the end of an `await using` block', async () => {
    const bed = await loose()
    await bed[Symbol.asyncDispose]()
    await expect(bed.settle()).rejects.toThrow('settle(): the testbed is closed')
  })

  it('takes hooks and handlers later too, and relays calls between clients', async () => {
    const bed = await make()
    bed.server.relay('blink', ({ user, to }) => user.id === 'alice' && to.user === 'bob')
    const [alice, bob] = [bed.client({ token: 'alice' }), bed.client({ token: 'bob' })]
    await alice.connect()
    bob.handle('blink', ({ request }) => {
      if (request > 3) throw new MillraceError('not-available', { message: 'Too tired' })
      return 'done'
    })
    await bob.connect()
    expect(await alice.call('blink', 1, { to: { user: 'bob' } })).toBe('done')
    await expect(alice.call('blink', 4, { to: { user: 'bob' } })).rejects.toThrow('Too tired')
    await expect(bob.call('blink', 1, { to: { user: 'alice' } })).rejects.toMatchObject({ kind: 'forbidden' })
  })
})
