import { CODES, json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeClock, SharedBroker, settle, TestClient, testHub } from '../../testing/index.js'
import { Identity } from '../identity.js'
import { RevocationList } from './revocation-list.js'

const REVOKED = 121
const ENDED = 4505

type SharedNode = ReturnType<SharedBroker['node']>

/** Three nodes of one broker. A token is `user`, or `user:id:issued` with the milliseconds since 1970. */
async function world() {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  const start = async (node: string, change: (broker: SharedNode) => void = () => {}) => {
    const broker = shared.node()
    change(broker)
    const { hub } = testHub({
      ...{ clock, broker, node },
      authenticate: ({ token = '' }) => {
        const [id = '', tokenId, issued] = token.split(':')
        return new Identity({ id }, { tokenId, issued: issued === undefined ? undefined : Number(issued) })
      },
    })
    await settle()
    const connect = async (token: string, resume?: string) => {
      const client = new TestClient(hub)
      const reply = await client.ask('connect', { version: 1, token, resume })
      return { client, code: reply.kind === 'error' ? reply.body.code : 0, reply }
    }
    return { hub, broker, connect }
  }
  return { clock, start, a: await start('a'), b: await start('b'), c: await start('c') }
}

describe('[H10.4] what hooks know of a user', () => {
  it('is forgotten on every node, once, when something is taken away from that user', async () => {
    const { a, b, c } = await world()
    const forgotten: string[] = []
    for (const [name, { hub }] of Object.entries({ a, b, c })) {
      const forget = (user: string) => forgotten.push(`${name}: ${user}`)
      hub.policy.authorize(
        'chat:{room}',
        Object.assign(() => true, { forget }),
      )
      // Most hooks know nothing.
      hub.policy.authorize('inbox:{user}', () => true)
    }
    await a.hub.revocations.revoke({ user: 'ada' })
    await a.hub.revocations.revoke({ tokenId: 't-1' })
    await settle()
    expect(forgotten.sort()).toEqual(['a: ada', 'b: ada', 'c: ada'])
  })
})

describe('[H10.1] what is taken away', () => {
  it('from a user is, on every node, with all connections', async () => {
    const { a, b, c } = await world()
    const ada = await Promise.all([a, a, b, b, c].map(({ connect }) => connect('ada')))
    const eve = await c.connect('eve')
    expect(await a.hub.revocations.revoke({ user: 'ada' })).toEqual({ sessions: 5, silent: [] })
    expect(ada.map(({ client }) => client.closed?.code)).toEqual(Array(5).fill(ENDED))
    expect(eve.client.closed).toBeUndefined()
    for (const { connect } of [a, b, c]) expect((await connect('ada')).code).toBe(REVOKED)
    expect((await b.connect('eve')).code).toBe(0)
  })

  it('keeps who comes too early waiting, until the node has read what was', async () => {
    const { a, start } = await world()
    await a.hub.revocations.revoke({ user: 'ada' })
    let go = (): void => {}
    const late = await start('late', (broker) => {
      const begin = broker.start.bind(broker)
      broker.start = async (listener) => {
        await new Promise<void>((resolve) => {
          go = resolve
        })
        return begin(listener)
      }
    })
    const early = ['ada', 'eve'].map((token) => {
      const client = new TestClient(late.hub)
      client.say('connect', { version: 1, token })
      return client
    })
    await settle()
    expect(early.flatMap(({ messages }) => messages)).toEqual([])
    go()
    await settle()
    expect(early.map(({ messages: [first] }) => first?.kind)).toEqual(['error', 'connected'])
    expect(early[0]?.closed?.code).toBe(ENDED)
  })

  it('lets nobody in while the broker cannot be reached, and who comes back tries to reach it', async () => {
    const { a, start } = await world()
    await a.hub.revocations.revoke({ user: 'ada' })
    let tries = 0
    const late = await start('late', (broker) => {
      const begin = broker.start.bind(broker)
      broker.start = async (listener) => {
        if (++tries < 3) throw new Error('connect ECONNREFUSED')
        return begin(listener)
      }
    })
    const { client, reply } = await late.connect('eve')
    expect(reply.body).toMatchObject({ code: CODES.unavailable.code, retryAfter: 1_000 })
    expect(client.closed?.code).toBe(CODES['server-error'].code)
    expect((await late.connect('eve')).code).toBe(0)
    expect((await late.connect('ada')).code).toBe(REVOKED)
    expect(tries).toBe(3)
  })

  it('is known to a node that starts later, before it lets anybody in', async () => {
    const { a, start } = await world()
    for (const user of ['ada', 'eve', 'bob']) await a.hub.revocations.revoke({ user })
    const late = await start('late')
    expect((await late.connect('eve')).code).toBe(REVOKED)
    expect((await late.connect('joe')).code).toBe(0)
  })

  it('is found in the store by a node that was not told, and named as silent until then', async () => {
    const { clock, a, b } = await world()
    const { client } = await b.connect('ada')
    b.broker.isDeaf = true
    const revoking = a.hub.revocations.revoke({ user: 'ada' })
    await clock.advance(900)
    expect(await revoking).toEqual({ sessions: 0, silent: ['b'] })
    expect(client.closed).toBeUndefined()
    await clock.advance(5_500)
    expect(client.closed?.code).toBe(ENDED)
  })

  it('holds here though it could not be stored, which is said', async () => {
    const { a } = await world()
    const { client } = await a.connect('ada')
    a.broker.isAway = true
    await expect(a.hub.revocations.revoke({ user: 'ada' })).rejects.toThrow('The broker is away')
    expect(client.closed?.code).toBe(ENDED)
    expect((await a.connect('ada')).code).toBe(REVOKED)
  })

  it('keeps a server from starting that cannot know', async () => {
    const clock = new FakeClock()
    const broker = new SharedBroker(clock).node()
    broker.isAway = true
    const { hub } = testHub({ broker, clock, authenticate: () => ({ id: 'ada' }) })
    await settle()
    await expect(hub.start()).rejects.toThrow('The broker is away')
  })
})

describe('[H10.2] who comes by what was taken away', () => {
  it('is let in with a token that was issued later', async () => {
    const { clock, a, b } = await world()
    const now = clock.now()
    await a.hub.revocations.revoke({ user: 'ada' })
    for (const { connect } of [a, b]) {
      expect((await connect(`ada:t:${now - 1000}`)).code).toBe(REVOKED)
      expect((await connect(`ada:t:${now}`)).code).toBe(REVOKED)
      expect((await connect(`ada:t:${now + 1000}`)).code).toBe(0)
      expect((await connect('ada')).code).toBe(REVOKED)
    }
  })

  it('cannot refresh with it, and is ended that did so in time', async () => {
    const { a, b } = await world()
    await a.hub.revocations.revoke({ tokenId: 'stolen' })
    const { client } = await b.connect('ada:good:1')
    expect((await client.ask('refresh', { token: 'ada:stolen:1' })).body).toMatchObject({ code: REVOKED })
    expect(client.closed).toBeUndefined()
    expect((await client.ask('refresh', { token: 'ada:better:1' })).kind).toBe('refreshed')
    await a.hub.revocations.revoke({ tokenId: 'good' })
    expect(client.closed).toBeUndefined()
    await a.hub.revocations.revoke({ tokenId: 'better' })
    expect(client.closed?.code).toBe(ENDED)
    expect((await b.connect('ada:other:1')).code).toBe(0)
  })

  it('does not take up a session that was ended, and may begin another', async () => {
    const { a, b } = await world()
    const { client, reply } = await a.connect('ada')
    const { resume } = reply.body as { resume: string }
    await b.hub.revocations.revoke({ session: client.session.id })
    expect(client.closed?.code).toBe(ENDED)
    expect((await b.connect('ada', resume)).code).toBe(REVOKED)
    expect((await b.connect('ada')).code).toBe(0)
  })

  it('is told nothing more of what it was subscribed to', async () => {
    const { a, b } = await world()
    const { client } = await b.connect('ada')
    await client.ask('subscribe', { channel: 'chat:a' })
    await a.hub.publish('chat:a', 1)
    await settle()
    expect(client.of('publication')).toHaveLength(1)
    await a.hub.revocations.revoke({ user: 'ada' })
    await a.hub.publish('chat:a', 2)
    await settle()
    expect(client.of('publication')).toEqual([expect.objectContaining({ data: json(1) })])
  })

  it('is ended whose connect was being decided meanwhile', async () => {
    let allow = (_: { id: string }): void => {}
    const { hub } = testHub({ authenticate: () => new Promise((resolve) => (allow = resolve)) })
    const client = new TestClient(hub)
    client.say('connect', { version: 1, token: 'ada' })
    await settle()
    await hub.revocations.revoke({ user: 'ada' })
    allow({ id: 'ada' })
    await settle()
    expect(client.closed?.code).toBe(ENDED)
    expect(client.of('connected')).toEqual([])
  })
})

describe('[H10.3] a revocation', () => {
  it('is remembered for a day, or as long as it says', async () => {
    const { clock, a, b } = await world()
    await a.hub.revocations.revoke({ user: 'ada' })
    await a.hub.revocations.revoke({ user: 'eve' }, 60_000)
    expect((await b.connect('eve')).code).toBe(REVOKED)
    await clock.advance(61_000)
    expect((await b.connect('eve')).code).toBe(0)
    expect((await b.connect('ada')).code).toBe(REVOKED)
    clock.stall(86_400_000)
    expect((await b.connect('ada')).code).toBe(0)
  })

  it('makes way for what is remembered still', () => {
    const list = new RevocationList()
    for (let n = 0; n < 5_000; n++) list.take({ user: `u${n}`, at: n, until: n + 100 }, n)
    expect(list.size).toBeLessThan(1_200)
    expect(list.forbids({ identity: new Identity({ id: 'u4999' }), session: 's' }, 5_000)).toBe(true)
    expect(list.take({ user: 'u4999', at: 4_000, until: 9_000 }, 5_000)).toBe(false)
  })
})
