import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, hear, make } from '../../test/chat.js'

afterEach(closeAll)

describe('restart()', () => {
  it('kills the server and starts it with its history: clients miss nothing', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const room = alice.channel('chat:lobby')
    const heard = hear(room)
    await room.subscribe()
    await bed.server.publish('chat:lobby', 'one')
    await bed.settle()
    const { session } = alice
    await bed.restart()
    await bed.server.publish('chat:lobby', 'two')
    await bed.advance('1s')
    expect(heard).toEqual(['one', 'two (recovered)'])
    expect([alice.state.name, alice.session === session]).toEqual(['connected', true])
  })

  it('or without: clients are told of one gap', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    await bed.server.publish('chat:lobby', 'one')
    await bed.settle()
    const { session } = alice
    await bed.restart({ keep: 'nothing' })
    await bed.server.publish('chat:lobby', 'two')
    await bed.advance('1s')
    expect([alice.state.name, alice.session === session]).toEqual(['connected', false])
    expect(heard).toEqual(['one', 'gap epoch-changed 1-0', 'two (recovered)'])
    expect((await bed.server.history('chat:lobby')).publications.map(({ message }) => message)).toEqual([
      'two',
    ])
  })

  it('sets the server up anew: with setup, and with what was registered since', async () => {
    const starts: string[] = []
    const bed = await make({
      setup: async (server) => {
        const seen = new Set<string>()
        server.channel('chat:{room}').authorize(() => true)
        server.handle('shout', ({ request }) => {
          seen.add(request)
          return [...seen].join()
        })
        starts.push('started')
      },
    })
    const comings: string[] = []
    bed.server.handle('blink', () => 'still here')
    bed.server.on('connect', ({ user }) => comings.push(user.id))
    const off = bed.server.on('connect', () => comings.push('nobody'))
    off()
    const alice = bed.client({ token: 'alice' })
    await alice.call('shout', 'a')
    expect(await alice.call('shout', 'b')).toBe('a,b')
    await bed.restart()
    // What the application kept in its process is gone.
    expect(await bed.until(alice.call('shout', 'c'))).toBe('c')
    expect(await alice.call('blink', 1)).toBe('still here')
    expect([starts.length, comings]).toEqual([2, ['alice', 'alice']])
  })

  it('stores a publish once that was not acknowledged', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.network(alice).stall('down')
    const publishing = alice.channel('chat:lobby').publish('once')
    await bed.settle()
    expect((await bed.server.history('chat:lobby')).publications).toHaveLength(1)
    await bed.restart()
    bed.network(alice).heal()
    expect(await bed.until(publishing)).toMatchObject({ offset: 1, skipped: 'duplicate' })
  })
})

describe('what waits for a device', () => {
  it('survives a restart, and is done when the device comes', async () => {
    const bed = await make()
    const { answer } = await bed.server.user('pump').command('water', 5)
    const outcome = expect(answer).rejects.toThrow('node-1 has ended')
    await bed.restart()
    await outcome
    const done: number[] = []
    const pump = bed.client({ token: 'pump' })
    pump.handle('water', ({ request }) => {
      done.push(request)
      return request * 10
    })
    await pump.connect()
    await bed.until(() => done.length > 0)
    await bed.advance('1m')
    expect([done, await bed.server.user('pump').commands()]).toEqual([[5], []])
  })

  it('expires, and whoever asked is told', async () => {
    const bed = await make()
    const { answer } = await bed.server.user('pump').command('water', 5, { ttl: '10m' })
    const outcome = expect(answer).rejects.toMatchObject({ kind: 'expired' })
    await bed.advance('11m')
    await outcome
  })
})

describe('crash()', () => {
  it('leaves clients alone until the server starts again', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.crash()
    expect(alice.state.name).toBe('reconnecting')
    await bed.advance('1m')
    expect(alice.state.name).toBe('reconnecting')
    expect(bed.pending()).toContain('node-1 does not run')
    await bed.start()
    await bed.until(() => alice.state.name === 'connected')
  })

  it('with its machine is noticed by nobody until a heartbeat is missed', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.crash('machine')
    await bed.advance('9s')
    expect(alice.state.name).toBe('connected')
    await bed.advance('7s')
    expect(alice.state.name).toBe('reconnecting')
    await bed.advance('9s')
    // Attempts get no answer at all.
    expect(alice.state.retryAt).toBe(undefined)
    await bed.start()
    await bed.until(() => alice.state.name === 'connected')
  })

  it('ends what was asked of the server', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    alice.handle(
      'blink',
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(''))),
    )
    const call = bed.server.user('alice').call('blink', 1)
    const outcome = expect(call).rejects.toThrow(
      'node-1 has ended, and with it whatever its server was asked',
    )
    await bed.settle()
    bed.crash()
    await outcome
    await expect(bed.server.publish('chat:lobby', 'x')).rejects.toThrow('No node runs; start() starts them')
    await bed.start()
  })

  it('lets presence go within 15 seconds, unless the client is back before', async () => {
    const bed = await make({ nodes: 2 })
    const [one, two] = bed.nodes
    const [alice, bob] = [bed.client({ token: 'alice', node: one }), bed.client({ token: 'bob', node: two })]
    const carol = bed.client({ token: 'carol', node: one })
    const seen: string[] = []
    bob.channel('chat:lobby').on('presence', ({ joined, departed }) => {
      for (const { user } of joined) seen.push(`+${user}`)
      for (const { user } of departed) seen.push(`-${user}`)
    })
    await bob.channel('chat:lobby').subscribe()
    await alice.channel('chat:lobby').enter({ name: 'Alice' })
    await carol.channel('chat:lobby').enter({ name: 'Carol' })
    bed.network(carol).refuse()
    one?.crash()
    await bed.advance('16s')
    expect(seen).toEqual(['+alice', '+carol', '-carol'])
  })
})

describe('close() of the server', () => {
  it('is a deploy: clients are told, and come back to the next', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    await bed.server.close()
    await bed.settle()
    expect(alice.state).toMatchObject({ name: 'reconnecting', reason: 'The node is going away' })
    await bed.start()
    await bed.server.publish('chat:lobby', 'back')
    await bed.advance('3s')
    expect([alice.state.name, heard]).toEqual(['connected', ['back (recovered)']])
  })
})

describe('several nodes', () => {
  it('share what is published, and clients move from one that died to the others', async () => {
    const bed = await make({ nodes: 3 })
    const [one, two] = bed.nodes
    const alice = bed.client({ token: 'alice', node: one })
    const bob = bed.client({ token: 'bob', node: two })
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    await bob.channel('chat:lobby').publish('one')
    await bed.settle()
    expect([
      one?.server.user('alice').sessions().length,
      two?.server.user('alice').sessions().length,
    ]).toEqual([1, 0])
    one?.crash()
    expect([one?.name, one?.isRunning, two?.isRunning]).toEqual(['node-1', false, true])
    await bob.channel('chat:lobby').publish('two')
    await bed.advance('1s')
    expect([heard, alice.state.name]).toEqual([['one', 'two (recovered)'], 'connected'])
    await one?.start()
    await one?.start()
    expect(await one?.server.publish('chat:lobby', 'three')).toMatchObject({ offset: 3 })
    await bed.settle()
    expect(heard.at(-1)).toBe('three')
  })

  it('call clients that are connected to others', async () => {
    const bed = await make({ nodes: 2 })
    const [one, two] = bed.nodes
    const bob = bed.client({ token: 'bob', node: two })
    bob.handle('blink', ({ request }) => `${request} times`)
    await bob.connect()
    if (one === undefined) throw new Error('no node')
    expect(await bed.until(one.server.user('bob').call('blink', 2))).toBe('2 times')
  })

  it('can have hooks of their own', async () => {
    const bed = await make({ nodes: 2 })
    const [one, two] = bed.nodes
    one?.server.handle('blink', () => 'one')
    two?.server.handle('blink', () => 'two')
    const ask = (node: typeof one) => bed.client({ token: 'a', node }).call('blink', 1)
    expect([await ask(one), await ask(two)]).toEqual(['one', 'two'])
    two?.crash()
    await two?.start()
    expect(await ask(two)).toBe('two')
  })
})

describe('the broker', () => {
  it('trims and loses histories, which readers are told of', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    const away = async (meanwhile: () => void) => {
      bed.network(alice).refuse().cut()
      for (const text of ['a', 'b', 'c']) await bed.server.publish('chat:lobby', text)
      meanwhile()
      bed.network(alice).heal()
      await bed.until(() => alice.state.name === 'connected')
      await bed.settle()
      return heard.splice(0)
    }
    expect(await away(() => bed.broker.trim('chat:lobby', 1))).toEqual([
      'gap history-trimmed 0-2',
      'c (recovered)',
    ])
    expect(await away(() => bed.broker.trim('chat:lobby'))).toEqual(['gap history-trimmed 3-6'])
    expect(await away(() => bed.broker.wipe('chat:lobby'))).toEqual(['gap epoch-changed 6-0'])
    expect(() => bed.broker.trim('chat:lobby', -1)).toThrow(
      'trim(channel, size) takes a whole number of publications, not -1',
    )
  })

  it('can be away, and comes back', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    await alice.connect()
    bed.broker.cut()
    expect(bed.pending()).toEqual(['the broker cannot be reached'])
    await expect(bed.until(alice.channel('chat:lobby').publish('hi'))).rejects.toMatchObject({
      kind: 'unavailable',
    })
    bed.broker.heal()
    // What the client tried last is still on its way to the broker that was away, and comes before this one.
    expect(await bed.until(alice.channel('chat:lobby').publish('hi'))).toMatchObject({ offset: 1 })
  })

  it('can lose what it carries between nodes, and nodes find out', async () => {
    const bed = await make()
    const alice = bed.client({ token: 'alice' })
    const heard = hear(alice.channel('chat:lobby'))
    await alice.channel('chat:lobby').subscribe()
    bed.broker.lose()
    await bed.server.publish('chat:lobby', 'lost')
    await bed.settle()
    expect(heard).toEqual([])
    await bed.advance('5s')
    expect(heard).toEqual(['lost'])
    expect(() => bed.broker.lose(2)).toThrow('lose(share) takes a number from 0 to 1, not 2')
  })
})
