import { binaryDialect, CODES, MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, PATIENCE, world } from '../../test/world.js'

describe('connecting', () => {
  it('begins with the first use, and not before', async () => {
    const w = world()
    const room = w.client.channel('chat:lobby')
    await settle()
    expect(w.sockets).toHaveLength(0)
    expect(w.client.state).toMatchObject({ name: 'closed', reason: 'not used yet' })
    room.on('message', () => {})
    await settle()
    expect(w.sockets).toHaveLength(1)
    expect(w.client.state.name).toBe('connecting')
  })

  it('waits for connect() when it may not begin by itself', async () => {
    const w = world({ autoConnect: false })
    const stored = w.client.channel('chat:lobby').publish('hi')
    await settle()
    expect(w.sockets).toHaveLength(0)
    const done = w.client.connect()
    await settle()
    await w.socket.accept()
    await done
    await w.socket.reply('publish', 'published', { position: { epoch: 'e', offset: 1 } })
    expect(await stored).toEqual({ epoch: 'e', offset: 1 })
  })

  it('asks for its dialect as subprotocol and says version, token and name [P1.2] [P1.4]', async () => {
    const w = world({ token: 'secret' })
    void w.client.connect()
    await settle()
    expect(w.socket.protocol).toBe('millrace.json')
    expect(w.socket.frames).toEqual([])
    await w.socket.open()
    expect(w.socket.frames).toHaveLength(1)
    expect(w.socket.last('connect').body).toEqual({
      version: 1,
      token: 'secret',
      client: 'millrace-js/0.1.0',
      attempt: 1,
      parts: true,
    })
  })

  it('ends by what its transport says, whatever became of the connection before', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    // Accepted, and silent: not even `connect` is answered.
    await w.socket.open()
    await w.clock.advance(10_000)
    expect(w.client.state).toMatchObject({ name: 'connecting', reason: 'No connection within 10000 ms' })
    const before = w.sockets.length
    await w.clock.until(() => w.sockets.length > before, 100)
    await w.socket.drop(1006, 'Nothing came in time', { wait: 0 })
    expect(w.client.state.reason).toBe('Nothing came in time')
    await w.clock.advance(1)
    expect(w.sockets).toHaveLength(before + 2)
  })

  it('tells session and user, and asks for the session again after a cut', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    expect(w.client.session).toBeUndefined()
    await w.socket.accept({ session: 's7', user: 'ada', resume: 'proof of s7' })
    expect(w.client).toMatchObject({ session: 's7', user: 'ada' })
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    const { resume, attempt } = w.socket.last('connect').body
    // A later connection has a higher number.
    expect([resume, Number(attempt) > 1]).toEqual(['proof of s7', true])
  })

  it('speaks JSON with a server that chose no subprotocol [P1.2]', async () => {
    const encoder = new TextEncoder()
    const decoder = new TextDecoder()
    const dialect = binaryDialect({
      encode: (text) => encoder.encode(text),
      decode: (bytes) => decoder.decode(bytes),
    })
    const w = world({ dialect })
    void w.client.connect()
    await settle()
    expect(w.socket.protocol).toBe('millrace.binary')
    await w.socket.open('')
    expect(w.socket.last('connect').body.version).toBe(1)
  })

  it('opens the socket and asks for the token at the same time', async () => {
    let give: (token: string) => void = () => {}
    const w = world({ token: () => new Promise<string>((resolve) => (give = resolve)) })
    void w.client.connect()
    await settle()
    await w.socket.open()
    expect(w.socket.frames).toEqual([])
    give('late')
    await settle()
    expect(w.socket.last('connect').body.token).toBe('late')
  })

  it('asks a token function on every attempt', async () => {
    let asked = 0
    const w = world({ token: () => `t${++asked}` })
    void w.client.connect()
    await settle()
    await w.socket.accept()
    await w.socket.drop(CODES['token-expired'].code)
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.last('connect').body.token).toBe('t2')
  })

  it('tries again when the token function fails, and stops when it says that there is no token', async () => {
    let failure: Error = new Error('the token server is away')
    const w = world({
      token: () => {
        throw failure
      },
    })
    w.client.on('error', () => {})
    const done = w.client.connect()
    await settle()
    expect(w.client.state).toMatchObject({ name: 'connecting', reason: 'the token server is away' })
    // Not 1000, which would end the session.
    expect(w.socket.closed?.code).toBe(3000)
    failure = new MillraceError('unauthenticated', { message: 'Nobody is logged in' })
    await w.clock.advance(250)
    expect(w.client.state).toMatchObject({ name: 'closed', code: 105, reason: 'Nobody is logged in' })
    await expect(done).rejects.toMatchObject({ kind: 'unauthenticated' })
    await w.clock.advance(60_000)
    expect(w.sockets).toHaveLength(2)
  })

  it('aborts a token function with its attempt, and ignores what it brings then', async () => {
    const signals: { aborted: boolean }[] = []
    const w = world({
      token: ({ signal }) => {
        signals.push(signal)
        return new Promise<string>(() => {})
      },
    })
    void w.client.connect()
    await settle()
    expect(signals[0]?.aborted).toBe(false)
    await w.clock.advance(10_000)
    expect(signals[0]?.aborted).toBe(true)
    expect(w.client.state).toMatchObject({ name: 'connecting', reason: 'No connection within 10000 ms' })
  })

  it('resolves connect() at once when there is a connection', async () => {
    const w = await connected()
    await w.client.connect()
    expect(w.sockets).toHaveLength(1)
  })

  it('rejects connect() by its deadline and goes on trying', async () => {
    const w = world()
    const done = w.client.connect({ timeout: '1s' })
    await w.clock.advance(1000)
    await expect(done).rejects.toMatchObject({ kind: 'timeout' })
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
  })
})

describe('refusals', () => {
  it('closes for good when the token is not accepted, and everything that waits learns why [P1.5] [P1.8]', async () => {
    const w = world({ token: 'old' })
    const errors: Error[] = []
    w.client.on('error', (error) => errors.push(error))
    const done = w.client.connect()
    const stored = w.client.channel('chat:lobby').publish('hi')
    await settle()
    await w.socket.open()
    await w.socket.reply('connect', 'error', { code: 105, message: 'The token has expired' })
    await w.socket.drop(4500, 'authentication-failed')
    expect(w.client.state).toMatchObject({ name: 'closed', code: 4500, reason: 'The token has expired' })
    await expect(done).rejects.toMatchObject({ kind: 'authentication-failed' })
    await expect(stored).rejects.toMatchObject({ kind: 'authentication-failed' })
    expect(errors).toMatchObject([{ kind: 'authentication-failed', message: 'The token has expired' }])
    await w.clock.advance(3_600_000)
    expect(w.sockets).toHaveLength(1)
    expect(w.clock.waiting).toBe(0)
    expect(w.watchers).toBe(0)
  })

  it('says with the server’s code and in its words why it is closed [P1.5]', async () => {
    const w = world()
    w.client.on('error', () => {})
    void w.client.connect()
    await settle()
    await w.socket.open()
    await w.socket.reply('connect', 'error', { code: 104, message: 'Version 2 is spoken here' })
    await w.socket.drop(4504, 'version-refused')
    expect(w.client.state).toMatchObject({ name: 'closed', code: 4504, reason: 'Version 2 is spoken here' })
  })

  it('comes back to a server that has too much to do, no sooner than it says', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    await w.socket.open()
    await w.socket.reply('connect', 'error', { code: 204, message: 'Too busy', retryAfter: 5000 })
    await w.socket.drop(4004)
    expect(w.client.state).toMatchObject({ name: 'connecting', attempt: 1 })
    await w.clock.advance(4999)
    expect(w.sockets).toHaveLength(1)
    await w.clock.advance(1)
    expect(w.sockets).toHaveLength(2)
  })

  it.each([
    [1000, 'closed'],
    [1008, 'closed'],
    [1010, 'closed'],
    [4500, 'closed'],
    [4501, 'closed'],
    [4502, 'closed'],
    [4999, 'closed'],
    [1001, 'reconnecting'],
    [1006, 'reconnecting'],
    [1009, 'reconnecting'],
    [1012, 'reconnecting'],
    [3500, 'reconnecting'],
    [4000, 'reconnecting'],
    [4001, 'reconnecting'],
    [4499, 'reconnecting'],
  ])('after close code %i it is %s [P1.8]', async (code, name) => {
    const w = await connected()
    w.client.on('error', () => {})
    await w.socket.drop(code)
    expect(w.client.state.name).toBe(name)
    await w.clock.advance(5_000)
    expect(w.sockets).toHaveLength(name === 'closed' ? 1 : 2)
  })
})

describe('a client that was not connected yet', () => {
  it('is connecting until it is, whatever becomes of attempts, and says why it is not', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    const { since } = w.client.state
    expect(w.client.state).toEqual({ name: 'connecting', since })
    await w.socket.open()
    await w.socket.drop(1006, 'cut')
    const retryAt = w.clock.now() + 250
    expect(w.client.state).toEqual({ name: 'connecting', since, reason: 'cut', attempt: 1, retryAt })
    await w.clock.advance(250)
    expect(w.client.state).toMatchObject({ name: 'connecting', since, reason: 'cut', attempt: 1 })
    expect(w.client.state.retryAt).toBeUndefined()
    await w.socket.accept()
    await w.socket.drop()
    expect(w.client.state).toMatchObject({ name: 'reconnecting', attempt: 2 })
  })

  it('is offline where there is no network, and then connecting again', async () => {
    const w = world()
    w.online = false
    void w.client.connect()
    await settle()
    await w.socket.drop()
    expect(w.client.state.name).toBe('offline')
    w.online = true
    await w.tell('online')
    expect(w.client.state.name).toBe('connecting')
    await w.socket.accept()
    expect(w.states).toEqual(['connecting', 'offline', 'connecting', 'connected'])
  })

  it('is none anew after a close', async () => {
    const w = await connected()
    w.client.close()
    void w.client.connect()
    await settle()
    await w.socket.drop()
    expect(w.client.state.name).toBe('connecting')
    await w.socket.open()
    w.client.close()
    expect(w.client.state.name).toBe('closed')
  })
})

describe('the network and the page', () => {
  it('is offline when the platform says so, and still tries, rarely, because platforms lie', async () => {
    const w = await connected()
    w.online = false
    await w.socket.drop()
    expect(w.client.state).toMatchObject({ name: 'offline', attempt: 1, retryAt: w.clock.now() + 5000 })
    await w.clock.advance(4999)
    expect(w.sockets).toHaveLength(1)
    await w.clock.advance(1)
    expect(w.sockets).toHaveLength(2)
    expect(w.client.state.name).toBe('offline')
    expect(w.client.state.retryAt).toBeUndefined()
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
  })

  it('tries at once when the network comes back', async () => {
    const w = await connected()
    w.online = false
    await w.socket.drop()
    w.online = true
    await w.tell('online')
    expect(w.client.state).toMatchObject({ name: 'reconnecting' })
    expect(w.sockets).toHaveLength(2)
    await w.socket.accept()
    expect(w.states).toEqual(['connecting', 'connected', 'offline', 'reconnecting', 'connected'])
  })

  it('is reconnecting again when an attempt finds the network back without an event', async () => {
    const w = await connected()
    w.online = false
    await w.socket.drop()
    w.online = true
    await w.clock.advance(20_000)
    expect(w.client.state.name).toBe('reconnecting')
  })

  it('goes offline while it waits to try again', async () => {
    const w = await connected()
    await w.socket.drop()
    w.online = false
    await w.tell('offline')
    expect(w.client.state.name).toBe('offline')
    // It asks at once, and is told soon that the platform is right.
    expect(w.sockets).toHaveLength(2)
    await w.socket.drop()
    expect(w.client.state).toMatchObject({ name: 'offline', attempt: 2, retryAt: w.clock.now() + 5000 })
  })

  it('does not believe the platform while there is a connection: it asks the server', async () => {
    const w = await connected()
    w.online = false
    await w.tell('offline')
    expect(w.client.state).toMatchObject({ name: 'degraded', reason: 'The platform reports no network' })
    expect(w.socket.last('ping').id).toBeGreaterThan(0)
    await w.socket.reply('ping', 'pong', {})
    expect(w.client.state.name).toBe('connected')
    await w.tell('offline')
    await w.clock.advance(PATIENCE)
    expect(w.client.state.name).toBe('offline')
  })

  it('ignores that the network goes during an attempt: the attempt will tell', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    await w.tell('offline')
    expect(w.client.state.name).toBe('connecting')
    w.online = false
    await w.socket.drop()
    expect(w.client.state.name).toBe('offline')
    await w.clock.advance(20_000)
    await w.tell('offline')
    expect(w.client.state.name).toBe('offline')
    expect(w.client.state.retryAt).toBeUndefined()
  })

  it('tries at once when the page comes back, and gives up an attempt that may hang', async () => {
    const w = await connected()
    w.random = 0.999
    for (let i = 0; i < 5; i++) {
      await w.socket.drop()
      await w.clock.advance(20_000)
      await w.socket.drop()
    }
    await w.tell('wake')
    const attempts = w.sockets.length
    const hanging = w.socket
    await w.clock.advance(999)
    await w.tell('wake')
    expect(w.sockets).toHaveLength(attempts)
    await w.clock.advance(1)
    await w.tell('online')
    expect(w.sockets).toHaveLength(attempts + 1)
    expect(hanging.closed).toBeDefined()
    await w.socket.accept()
    expect(w.client.state.name).toBe('connected')
  })

  it('has patience after a nap if it spoke before, though it was not answered: the server heard it [P7.2]', async () => {
    const w = await connected()
    await w.clock.advance(11_000)
    w.client.channel('chat:lobby').sendEphemeral('typing')
    await settle()
    await w.clock.sleep(5_000)
    expect(w.socket.count('ping')).toBe(1)
    // Over a slow link.
    await w.clock.advance(2_000)
    await w.socket.reply('ping', 'pong', {})
    await w.clock.advance(5_000)
    expect([w.client.state.name, w.sockets.length]).toEqual(['connected', 1])
  })

  it('probes at once when the page comes back to a connection', async () => {
    const w = await connected()
    await w.tell('wake')
    expect(w.socket.count('ping')).toBe(1)
    expect(w.client.state.name).toBe('connected')
    await w.clock.advance(PATIENCE)
    expect(w.client.state.name).toBe('reconnecting')
  })

  it('lets its connection go when the page is put aside, without ending the session [P1.8]', async () => {
    const w = await connected()
    await w.tell('suspend')
    expect(w.socket.closed?.code).toBe(3000)
    expect(w.client.state.name).toBe('reconnecting')
    await w.clock.sleep(1)
    await w.tell('wake')
    expect(w.sockets).toHaveLength(2)
  })
})
