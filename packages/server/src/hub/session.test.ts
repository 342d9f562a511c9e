import { CODES, type Command, json, jsonDialect } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import { settle, TestClient, testHub } from '../testing/index.js'
import {
  nextState,
  SESSION_STATES,
  type SessionEvent,
  type SessionStateName,
  sessionDiagram,
} from './session-state.js'

describe('session states', () => {
  it('[H1.1] goes only where the table says, and throws elsewhere', () => {
    const events: SessionEvent[] = ['connect', 'accept', 'refuse', 'end']
    for (const state of Object.keys(SESSION_STATES) as SessionStateName[]) {
      const row: Partial<Record<SessionEvent, string>> = SESSION_STATES[state]
      for (const event of events) {
        if (row[event] === undefined)
          expect(() => nextState(state, event)).toThrow(`${state} cannot ${event}`)
        else expect(nextState(state, event)).toBe(row[event])
      }
    }
  })

  it('[H1.1] the diagram in docs/hub.md is printed from the table', async () => {
    const { readFile } = await import('node:fs/promises')
    const doc = await readFile(new URL('../../../../docs/hub.md', import.meta.url), 'utf8')
    expect(doc).toContain(`\`\`\`mermaid\n${sessionDiagram()}\`\`\``)
  })
})

describe('connecting', () => {
  it('[P1.5] answers connect with the session, the node and the heartbeat', async () => {
    const { hub } = testHub()
    const client = new TestClient(hub)
    expect(await client.connect()).toEqual({
      id: 1,
      kind: 'connected',
      body: {
        session: client.session.id,
        node: 'node-1',
        server: 'millrace/test',
        heartbeat: 10_000,
        patience: 5_000,
        maxMessage: 65_536,
        time: 1_000_000,
        resume: expect.any(String),
      },
    })
  })

  it('[P1.4] answers a command before connect with not-connected, and lives on', async () => {
    const client = new TestClient(testHub().hub)
    expect((await client.ask('subscribe', { channel: 'a:one' })).body).toMatchObject({ code: 102 })
    expect((await client.connect()).kind).toBe('connected')
  })

  it('[P1.7] is closed for 64 commands before connect, in one frame or in many', async () => {
    const { hub } = testHub()
    await settle()
    const frames = [[70], Array<number>(70).fill(1)]
    for (const sizes of frames) {
      const client = new TestClient(hub)
      for (const size of sizes)
        client.session.receive(`[${Array(size).fill('{"id":1,"leave":{"channel":"a:b"}}').join()}]`)
      expect(client.closed?.code).toBe(4006)
      expect(client.messages.length).toBeLessThan(65)
    }
    const honest = new TestClient(hub)
    for (let n = 0; n < 5; n++) honest.say('ping', {})
    const subscriptions = Array.from(
      { length: 200 },
      (_, n) => `{"id":${n + 10},"subscribe":{"channel":"a:${n}"}}`,
    )
    honest.session.receive(`[{"id":9,"connect":{"version":1}},${subscriptions.slice(0, 90).join()}]`)
    await settle()
    expect([honest.closed, honest.of('subscribed').length]).toEqual([undefined, 90])
  })

  it('[P1.7] is not kept open by pings, or anything else but connect', async () => {
    const { hub, clock } = testHub()
    const client = new TestClient(hub)
    for (let second = 0; second < 11; second++) {
      client.say('ping', {})
      client.session.heard()
      client.say('leave', { channel: 'a:b' })
      await clock.advance(1_000)
    }
    expect(client.closed?.code).toBe(4003)
  })

  it('[P1.4] [H1.2] carries out commands of the same frame after connect is decided, in order', async () => {
    let decide: (user: { id: string }) => void = () => {}
    const { hub } = testHub({ authenticate: () => new Promise((resolve) => (decide = resolve)) })
    const client = new TestClient(hub)
    const frame: Command[] = [
      { id: 1, kind: 'connect', body: { version: 1 } },
      { id: 2, kind: 'subscribe', body: { channel: 'a:one' } },
      { id: 3, kind: 'subscribe', body: { channel: 'a:two' } },
    ]
    client.session.receive(jsonDialect.encodeCommands(frame))
    await settle()
    expect(client.messages).toEqual([])
    decide({ id: 'ann' })
    await settle()
    expect(client.messages.map(({ id, kind }) => [id, kind])).toEqual([
      [1, 'connected'],
      [2, 'subscribed'],
      [3, 'subscribed'],
    ])
  })

  it('[P1.5] [H1.2] refuses a token: reply, close 4500, waiting commands unanswered', async () => {
    const { hub } = testHub({ authenticate: async () => null })
    const client = new TestClient(hub)
    client.say('connect', { version: 1, token: 'bad' })
    client.say('subscribe', { channel: 'a:b' })
    await settle()
    expect(client.messages.map(({ id, body }) => [id, 'code' in body ? body.code : undefined])).toEqual([
      [1, 105],
    ])
    expect(client.closed?.code).toBe(4500)
    expect(hub.size).toBe(0)
  })

  it('[P1.5] refuses a version it does not speak', async () => {
    const client = new TestClient(testHub().hub)
    const reply = await client.ask('connect', { version: 99 })
    expect(reply.body).toMatchObject({ code: 104, field: 'connect.version' })
    expect(client.closed?.code).toBe(4504)
  })

  it('[H1.3] an authentication that fails on our side is retried by the client, not given up', async () => {
    const { hub } = testHub({
      authenticate: () => {
        throw new Error('database down, password hunter2')
      },
    })
    const client = new TestClient(hub)
    const reply = await client.connect('good')
    expect(reply.body).toEqual({ code: 200, message: CODES['internal-error'].reason })
    expect(client.closed?.code).toBe(4004)
  })

  it('[P1.6] a second connect is refused, the connection lives on', async () => {
    const client = new TestClient(testHub().hub)
    await client.connect()
    expect((await client.connect()).body).toMatchObject({ code: 103 })
    expect((await client.ask('ping', {})).kind).toBe('pong')
  })

  it('[P1.7] closes a connection that says nothing', async () => {
    const { hub, clock } = testHub()
    const client = new TestClient(hub)
    await clock.advance(9_000)
    expect(client.closed).toBeUndefined()
    await clock.advance(1_500)
    expect(client.closed?.code).toBe(4003)
  })

  it('the user is asked for with the token and the handshake', async () => {
    const authenticate = vi.fn(() => ({ id: 'ann' }))
    const client = new TestClient(testHub({ authenticate }).hub)
    const reply = await client.connect('secret')
    expect(authenticate).toHaveBeenCalledWith({ token: 'secret', headers: {}, remoteAddress: '192.0.2.1' })
    expect(reply.body).toMatchObject({ user: 'ann' })
  })
})

describe('commands', () => {
  const connected = async (options: Parameters<typeof testHub>[0] = {}) => {
    const { hub, clock } = testHub(options)
    const client = new TestClient(hub)
    await client.connect()
    return { hub, clock, client }
  }

  it('[P3.6] a bad command is answered with its field and spoils nothing else', async () => {
    const { client } = await connected()
    client.session.receive('[{"id":7,"subscribe":{"channel":5}},{"id":8,"ping":{}},{"id":9,"dance":{}}]')
    await settle()
    expect(client.messages.slice(1)).toMatchObject([
      { id: 7, kind: 'error', body: { code: 100, field: 'subscribe.channel' } },
      { id: 8, kind: 'pong' },
      { id: 9, kind: 'error', body: { code: 101 } },
    ])
    client.session.receive('no json')
    expect(client.messages.at(-1)).toMatchObject({ id: 0, kind: 'error', body: { code: 100 } })
    expect(client.closed).toBeUndefined()
  })

  it('[P3.3] a command without an id is carried out and not answered, errors included', async () => {
    const { client, hub } = await connected()
    const before = client.messages.length
    client.session.receive('[{"subscribe":{"channel":"a:b"}},{"subscribe":{"channel":"a:b"}},{"ping":{}}]')
    await settle()
    expect(client.messages.length).toBe(before)
    await hub.publish('a:b', 1)
    expect(client.of('publication')).toHaveLength(1)
  })

  it('[P5.1] commands on one channel are carried out in the order sent', async () => {
    const order: string[] = []
    const slow = (ms: number) => new Promise<boolean>((resolve) => setTimeout(resolve, ms, true))
    const { hub, client } = await connected()
    hub.policy.authorize('a:*', async ({ action }) => {
      order.push(`${action} asked`)
      const allowed = await slow(action === 'subscribe' ? 20 : 1)
      order.push(`${action} decided`)
      return allowed
    })
    client.say('subscribe', { channel: 'a:b' })
    client.say('publish', { channel: 'a:b', data: json(1) })
    client.say('unsubscribe', { channel: 'a:b' })
    await vi.waitFor(() => expect(client.of('unsubscribed')).toHaveLength(1))
    expect(order).toEqual(['subscribe asked', 'subscribe decided', 'publish asked', 'publish decided'])
    expect(client.messages.slice(1).map(({ kind }) => kind)).toEqual([
      'subscribed',
      'publication',
      'published',
      'unsubscribed',
    ])
  })

  it('[H1.3] a fault of the server is told as internal-error only, and logged', async () => {
    const error = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error }
    const { hub, client } = await connected({ logger })
    const fault = new Error('secret detail')
    hub.policy.authorize('a:*', () => {
      throw fault
    })
    const reply = await client.ask('subscribe', { channel: 'a:b' })
    expect(reply.body).toEqual({ code: 200, message: CODES['internal-error'].reason })
    expect(error).toHaveBeenCalledWith('a command failed', { error: fault })
    expect((await client.ask('ping', {})).kind).toBe('pong')
  })

  it('[H1.4] stops reading while too many commands are under way', async () => {
    const limits = {
      connectTimeout: 1e4,
      heartbeat: 1e4,
      patience: 5e3,
      pendingCommands: 4,
      subscriptions: 100,
      recovery: 262_144,
      outbox: 1_048_576,
      grace: 10_000,
    }
    const { hub, client } = await connected({ limits })
    const waiting: ((allowed: boolean) => void)[] = []
    hub.policy.authorize('a:*', () => new Promise((resolve) => waiting.push(resolve)))
    for (const n of [1, 2, 3]) client.say('subscribe', { channel: `a:${n}` })
    expect(client.paused).toBe(false)
    client.say('subscribe', { channel: 'a:4' })
    expect(client.paused).toBe(true)
    waiting[0]?.(true)
    await settle()
    expect(client.paused).toBe(true)
    waiting[1]?.(true)
    await settle()
    expect(client.paused).toBe(false)
  })

  it('[P2.1] [P2.3] says what is wrong with a channel name', async () => {
    const { client } = await connected()
    expect((await client.ask('subscribe', { channel: 'no colon' })).body).toMatchObject({
      code: 107,
      field: 'channel',
    })
    expect((await client.ask('publish', { channel: 'Up:x', data: json(1) })).body).toMatchObject({
      code: 107,
    })
  })

  it('[H1.5] leaves nothing behind when it ends', async () => {
    const { hub, clock, client } = await connected()
    await client.ask('subscribe', { channel: 'a:b', presence: true, data: json('here') })
    expect(await hub.presence('a:b')).toHaveLength(1)
    client.session.closed(1000)
    await settle()
    expect(await hub.presence('a:b')).toEqual([])
    expect([hub.size, hub.directory.size]).toEqual([0, 0])
    await hub.publish('a:b', 1)
    expect(client.of('publication')).toEqual([])
    await clock.advance(20_000)
  })
})

describe('heartbeats', () => {
  it('[P7.1] [H6.1] pings a silent session and closes it when it stays silent', async () => {
    const { hub, clock } = testHub()
    const client = new TestClient(hub)
    await client.connect()
    await clock.advance(9_500)
    expect(client.of('ping')).toHaveLength(0)
    await clock.advance(1_000)
    expect(client.of('ping')).toHaveLength(1)
    await clock.advance(4_000)
    expect(client.closed).toBeUndefined()
    await clock.advance(1_500)
    expect(client.closed?.code).toBe(4002)
  })

  it('[P7.1] [H6.2] any frame is life', async () => {
    const { hub, clock } = testHub()
    const client = new TestClient(hub)
    await client.connect()
    for (let i = 0; i < 30; i++) {
      await clock.advance(3_000)
      client.session.receive('{"pong":{}}')
    }
    expect(client.closed).toBeUndefined()
    expect(client.of('ping')).toHaveLength(0)
    for (let i = 0; i < 10; i++) {
      await clock.advance(11_000)
      client.session.heard()
    }
    expect(client.closed).toBeUndefined()
    expect(client.of('ping').length).toBeGreaterThan(5)
  })

  it('[H6.3] a process that stood still for a minute closes nobody for it', async () => {
    const { hub, clock } = testHub()
    const client = new TestClient(hub)
    await client.connect()
    await clock.advance(10_500)
    expect(client.of('ping')).toHaveLength(1)
    clock.stall(60_000)
    await clock.advance(1_000)
    expect(client.closed).toBeUndefined()
    client.session.receive('{"pong":{}}')
    await clock.advance(9_000)
    expect(client.closed).toBeUndefined()
  })

  it('[P7.3] answers the client’s ping', async () => {
    const client = new TestClient(testHub().hub)
    await client.connect()
    expect(await client.ask('ping', {})).toEqual({ id: 2, kind: 'pong', body: {} })
  })
})

describe('short heartbeats', () => {
  it('[P7.1] a heartbeat shorter than the time to connect is kept from the start', async () => {
    const limits = {
      connectTimeout: 10_000,
      heartbeat: 1_000,
      patience: 1_000,
      pendingCommands: 9,
      subscriptions: 9,
      recovery: 262_144,
      outbox: 1_048_576,
      grace: 10_000,
    }
    const { hub, clock } = testHub({ limits })
    const [client, silent] = [new TestClient(hub), new TestClient(hub)]
    await client.connect()
    await clock.advance(1_500)
    expect(client.of('ping')).toHaveLength(1)
    await clock.advance(1_500)
    expect(client.closed?.code).toBe(4002)
    expect(silent.closed).toBeUndefined()
    await clock.advance(8_000)
    expect(silent.closed?.code).toBe(4003)
  })
})
