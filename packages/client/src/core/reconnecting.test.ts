import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, HEARTBEAT, PATIENCE, world } from '../../test/world.js'

describe('reconnecting', () => {
  it('[P8.8] uses a token that came ahead of a move, once; else asks for one', async () => {
    let asked = 0
    const w = world({ token: () => `t${++asked}` })
    void w.client.connect()
    await settle()
    await w.socket.accept()
    expect(await w.socket.ask()).toBe('t2')
    await w.socket.drop(3000, 'Moving', { wait: 0, token: 't2' })
    await w.clock.advance(0)
    await w.socket.accept()
    expect([w.socket.last('connect').body.token, asked]).toEqual(['t2', 2])
    await w.socket.drop()
    await w.clock.advance(500)
    await w.socket.accept()
    expect(w.socket.last('connect').body.token).toBe('t3')
  })

  it('[P8.8] has nothing to ask before a move where the token is always the same', async () => {
    const w = world({ token: 'same' })
    void w.client.connect()
    await settle()
    await w.socket.accept()
    expect(w.socket.ask).toBeUndefined()
    await w.socket.drop(3000, 'Moving', { wait: 0 })
    await w.clock.advance(0)
    await w.socket.accept()
    expect(w.socket.last('connect').body.token).toBe('same')
  })

  it('tries at once at first, then ever more rarely, never beyond the cap', async () => {
    const w = await connected()
    w.random = 0.999_999
    await w.socket.drop()
    const delays: number[] = []
    for (let i = 0; i < 9; i++) {
      const state = w.client.state
      expect(state).toMatchObject({ name: 'reconnecting', attempt: i + 1 })
      delays.push((state.retryAt ?? 0) - w.clock.now())
      await w.clock.advance((state.retryAt ?? 0) - w.clock.now() + 1)
      expect(w.client.state).toMatchObject({ name: 'reconnecting', attempt: i + 1 })
      expect(w.client.state.retryAt).toBeUndefined()
      await w.socket.drop()
    }
    expect(delays).toEqual([500, 501, 1003, 2007, 4015, 8031, 10_000, 10_000, 10_000])
  })

  it('begins the series anew only after a connection that lived for a while', async () => {
    const w = await connected()
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    await w.clock.advance(9_999)
    await w.socket.drop()
    expect(w.client.state).toMatchObject({ attempt: 2 })
    await w.clock.advance(5000)
    await w.socket.accept()
    await w.clock.advance(10_000)
    await w.socket.drop()
    expect(w.client.state).toMatchObject({ attempt: 1 })
  })

  it('waits by the time for which there was no connection: one that held for a short while is none of it', async () => {
    const w = await connected()
    w.random = 0.999_999
    const waits: number[] = []
    const cycle = async (lives: number) => {
      await w.clock.advance(lives)
      await w.socket.drop()
      const wait = (w.client.state.retryAt ?? 0) - w.clock.now()
      waits.push(wait)
      await w.clock.advance(wait)
      await w.socket.accept()
    }
    for (let count = 0; count < 3; count++) await cycle(9000)
    expect(waits).toEqual([500, 500, 1000])
    // A server that lets in and throws out is tried as rarely as one that is not there.
    waits.length = 0
    for (let count = 0; count < 5; count++) await cycle(1)
    expect(waits).toEqual([2000, 4000, 8000, 10_000, 10_000])
  })

  it('[P8.8] has lost nothing when it moves to another transport', async () => {
    const w = await connected()
    w.random = 0.999_999
    await w.clock.advance(5000)
    await w.socket.drop(3000, 'Moving', { wait: 0 })
    await w.clock.advance(0)
    await w.socket.accept()
    await w.clock.advance(9000)
    await w.socket.drop()
    expect((w.client.state.retryAt ?? 0) - w.clock.now()).toBe(500)
    await w.clock.advance(500)
    await w.socket.accept()
    await w.socket.drop(3000, 'Moving', { wait: 0 })
    expect(w.client.state).toMatchObject({ name: 'reconnecting', attempt: 1 })
  })

  it('counts an attempt that never comes up, one that hangs, and one that cannot even begin', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    await w.socket.drop(1006)
    expect(w.client.state).toMatchObject({ name: 'connecting', attempt: 1 })
    await w.clock.advance(250)
    await w.clock.advance(10_000)
    expect(w.socket.closed).toMatchObject({ code: 4003 })
    expect(w.client.state).toMatchObject({ attempt: 2 })
    w.refuse = new Error('blocked by the page')
    await w.clock.advance(5000)
    expect(w.client.state).toMatchObject({ attempt: 3, reason: 'blocked by the page' })
    w.refuse = undefined
    await w.clock.advance(5000)
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
    expect(w.states).toEqual([
      'connecting',
      'connecting',
      'connecting',
      'connecting',
      'connecting',
      'connecting',
      'connecting',
      'connected',
    ])
  })

  it('spreads its return over the time the server gives [P1.9]', async () => {
    const w = await connected()
    w.random = 0.25
    await w.socket.push('disconnect', { code: 4000, reason: 'A new version comes', retryAfter: 8000 })
    expect(w.client.state.name).toBe('connected')
    await w.socket.drop(4000)
    expect(w.client.state).toMatchObject({ reason: 'A new version comes' })
    await w.clock.advance(1999)
    expect(w.sockets).toHaveLength(1)
    await w.clock.advance(1)
    expect(w.sockets).toHaveLength(2)
  })

  it('goes by what the server announced when the close code is lost on the way [P1.9]', async () => {
    const w = await connected()
    w.client.on('error', () => {})
    await w.socket.push('disconnect', { code: 4502, reason: 'Logged out elsewhere' })
    await w.socket.drop(1006)
    expect(w.client.state).toMatchObject({ name: 'closed', code: 4502, reason: 'Logged out elsewhere' })
  })

  it('forgets an announcement with its connection', async () => {
    const w = await connected()
    await w.socket.push('disconnect', { code: 4000, reason: 'deploy', retryAfter: 100 })
    await w.socket.drop(4000)
    await w.clock.advance(100)
    await w.socket.accept()
    await w.socket.drop(1006)
    expect(w.client.state).toMatchObject({ name: 'reconnecting', reason: '' })
  })

  it('ignores a socket that comes back to life after its connection was given up', async () => {
    const w = await connected()
    const old = w.socket
    await w.clock.advance(HEARTBEAT + PATIENCE)
    expect(old.closed?.code).toBe(4002)
    await w.clock.advance(250)
    await w.socket.accept({ session: 's2' })
    const heard: unknown[] = []
    w.client.channel('chat:lobby').on('message', (message) => heard.push(message))
    await settle()
    await old.push('disconnect', { code: 4500, reason: 'stale' })
    await old.reply('connect', 'connected', {
      session: 'old',
      node: 'n',
      server: 's',
      heartbeat: 1,
      patience: 1,
      maxMessage: 1,
    })
    await old.drop(4500)
    expect(w.client.state.name).toBe('connected')
    expect(w.client.session).toBe('s2')
    expect(w.sockets).toHaveLength(2)
  })

  it('gives a connection up whose frames cannot be read, says so to the server, and comes back', async () => {
    const w = await connected()
    await w.socket.raw('{"publication":')
    expect(w.socket.closed?.code).toBe(4501)
    expect(w.client.state).toMatchObject({ name: 'reconnecting' })
    expect(w.client.state.reason).toMatch(/^A frame could not be read: .*JSON/)
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
  })

  it('tries at once on connect(), as a person who presses a button expects', async () => {
    const w = await connected()
    w.random = 0.999
    for (let i = 0; i < 6; i++) {
      await w.socket.drop()
      await w.clock.advance(20_000)
    }
    await w.socket.drop()
    const before = w.sockets.length
    const done = w.client.connect()
    await settle()
    expect(w.sockets).toHaveLength(before + 1)
    await w.socket.accept()
    await done
  })
})
