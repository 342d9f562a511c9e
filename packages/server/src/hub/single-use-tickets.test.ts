import { CODES, json, type Message } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemRandom } from '../node/platform.js'
import { systemSealer } from '../node/sealer.js'
import { FakeClock, SharedBroker, settle, TestClient, testHub } from '../testing/index.js'
import { Identity } from './identity.js'
import type { SessionLimits, User } from './session.js'
import { MOST_TTL, SingleUseTickets } from './single-use-tickets.js'

const UNAUTHENTICATED = 105
const REVOKED = 121
/** What names begin with. RFC 4648 §5. */
const NAMES = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

interface Options {
  readonly limits?: Partial<SessionLimits>
  /** Tokens are `user`, or `user:milliseconds`, `user:milliseconds:name`. */
  readonly auth?: boolean
}

/** Nodes of one broker. */
async function world({ auth = true }: Options = {}) {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  const asked: object[] = []
  const start = async (node: string) => {
    const broker = shared.node()
    const { hub } = testHub({
      ...{ clock, broker, node, random: systemRandom, sealer: systemSealer },
      authenticate: auth
        ? (request) => {
            asked.push(request)
            const [id = '', left, tokenId] = (request.token ?? '').split(':')
            if (id === '') return null
            return left === undefined
              ? { id }
              : new Identity({ id }, { tokenId, expires: clock.now() + Number(left) })
          }
        : undefined,
    })
    await settle()
    const enter = async (
      ticket: string,
      body: { readonly token?: string; readonly version?: number } = {},
    ) => {
      const client = new TestClient(hub, '192.0.2.1', ticket)
      const reply = await client.ask('connect', { version: 1, ...body })
      return { client, reply, outcome: outcomeOf(reply) }
    }
    return { hub, broker, enter }
  }
  return { clock, shared, asked, start, a: await start('a'), b: await start('b') }
}

const outcomeOf = ({ kind, body }: Message): string | number | undefined =>
  kind === 'error' ? body.code : kind === 'connected' ? body.user : kind
const messageOf = ({ kind, body }: Message): string => (kind === 'error' ? (body.message ?? '') : kind)

describe('[P1.14] a ticket in the URL', () => {
  it('lets in as its user without a token, and auth is not asked', async () => {
    const { a, asked } = await world()
    const { ticket, expiresIn } = a.hub.tickets.make({ id: 'ada' })
    expect(expiresIn).toBe(30_000)
    const { client, outcome } = await a.enter(ticket)
    expect([outcome, asked]).toEqual(['ada', []])
    expect(client.session.info.ticket).toBeUndefined()
  })

  it('brings the whole user, and what else is known of the token', async () => {
    const { a, clock } = await world()
    const user = { id: 'ada', rooms: ['x', 'y'], depth: { of: [1, null, true, undefined] }, gone: undefined }
    const terms = {
      ...{ expires: clock.now() + 60_000, tokenId: 't-1', issued: 5 },
      capabilities: { channels: { 'chat:*': ['subscribe' as const] }, calls: ['orders.*'] },
    }
    expect(() => a.hub.tickets.make(new Identity(user, terms))).toThrow('cannot carry user.depth.of.3')
    const plain = { ...user, depth: { of: [1, null, true] } }
    const { client, reply } = await a.enter(a.hub.tickets.make(new Identity(plain, terms)).ticket)
    const { gone: _, ...carried } = plain
    expect(client.session.identity).toEqual(new Identity(carried, terms))
    expect(reply.body).toMatchObject({ user: 'ada', expires: 60_000 })
  })

  it('holds nobody up who brings a token as well: it is refused, and the ticket is not used up', async () => {
    const { a } = await world()
    const { ticket } = a.hub.tickets.make({ id: 'ada' })
    const { client, outcome, reply } = await a.enter(ticket, { token: 'eve' })
    expect([outcome, client.closed?.code]).toEqual([UNAUTHENTICATED, 4500])
    expect(reply.body).toMatchObject({
      field: 'connect.token',
      message: expect.stringContaining('leave one'),
    })
    expect((await a.enter(ticket)).outcome).toBe('ada')
  })

  it('is not used up by a version that is not spoken', async () => {
    const { a } = await world()
    const { ticket } = a.hub.tickets.make({ id: 'ada' })
    expect((await a.enter(ticket, { version: 9 })).outcome).toBe(104)
    expect((await a.enter(ticket)).outcome).toBe('ada')
  })

  it('is made longer by a token of the same user, and its session ends with its token', async () => {
    const { a, clock } = await world()
    const { ticket } = await a.hub.tickets.exchange({ headers: {}, remoteAddress: '', token: 'ada:20000' })
    const { client } = await a.enter(ticket)
    expect((await client.ask('refresh', { token: 'ada:40000' })).body).toEqual({ expires: 40_000 })
    for (let seconds = 0; seconds < 38; seconds++) {
      await clock.advance(1000)
      client.session.receive('{"pong":{}}')
    }
    expect(client.closed).toBeUndefined()
    await clock.advance(4_000)
    expect(client.closed?.code).toBe(4005)
  })

  it('means nothing where nobody asks who connects', async () => {
    const { a } = await world({ auth: false })
    expect((await a.enter('whatever')).reply.kind).toBe('connected')
    expect(() => a.hub.tickets.make({ id: 'ada' })).toThrow('has no auth')
    const request = { headers: {}, remoteAddress: '', token: undefined }
    await expect(a.hub.tickets.exchange(request)).rejects.toMatchObject({ kind: 'not-available' })
  })
})

describe('[H14.1] what a ticket is', () => {
  it('is over after its ttl, by the clock of whoever it is shown to', async () => {
    const { a, b, clock } = await world()
    const [first, second] = [
      a.hub.tickets.make({ id: 'ada' }, 5_000),
      a.hub.tickets.make({ id: 'ada' }, 5_000),
    ]
    await clock.advance(4_999)
    expect((await b.enter(first.ticket)).outcome).toBe('ada')
    await clock.advance(1)
    const { outcome, reply, client } = await b.enter(second.ticket)
    expect([outcome, messageOf(reply), client.closed?.code]).toEqual([
      UNAUTHENTICATED,
      'The ticket is over: get a new one, and use it at once',
      4500,
    ])
  })

  it('ends with the token at the latest, and there is none of a token that has ended', async () => {
    const { a, clock } = await world()
    const of = (left: number) => new Identity({ id: 'ada' }, { expires: clock.now() + left })
    expect(a.hub.tickets.make(of(7_000)).expiresIn).toBe(7_000)
    for (const left of [0, -500, -5_000])
      expect(() => a.hub.tickets.make(of(left))).toThrow('The token has expired')
  })

  it('lasts four minutes at most: less than what brokers know of used ones', async () => {
    const { a } = await world()
    expect(a.hub.tickets.make({ id: 'ada' }, MOST_TTL).expiresIn).toBe(240_000)
    for (const ttl of [0, -1, Number.NaN, MOST_TTL + 1])
      expect(() => a.hub.tickets.make({ id: 'ada' }, ttl)).toThrow(
        /^ttl must be above 0 and at most 240000 ms/,
      )
  })

  it('is one of the nodes of a broker, or nothing', async () => {
    const [{ a }, other] = await Promise.all([world(), world()])
    const foreign = other.a.hub.tickets.make({ id: 'ada' }).ticket
    const { ticket } = a.hub.tickets.make({ id: 'ada' })
    for (const one of [
      '',
      'x',
      foreign,
      `x${ticket.slice(1)}`,
      `${ticket.slice(0, -8)}${ticket.at(-8) === 'A' ? 'B' : 'A'}${ticket.slice(-7)}`,
      ticket.slice(1),
    ]) {
      const { outcome, reply } = await a.enter(one)
      expect([outcome, messageOf(reply)]).toEqual([
        UNAUTHENTICATED,
        'The ticket is not one of this server’s: get a new one',
      ])
    }
  })

  it.each([
    ['a Date', { id: 'ada', born: new Date() }, 'user.born'],
    ['a Set', { id: 'ada', rooms: new Set(['x']) }, 'user.rooms'],
    ['a function', { id: 'ada', may: () => true }, 'user.may'],
    ['NaN', { id: 'ada', list: [{ n: Number.NaN }] }, 'user.list.0.n'],
    [
      'an object of a class',
      new (class {
        readonly id = 'ada'
      })(),
      'user',
    ],
    ['a user without an id', {}, 'for a user with an id'],
    ['an empty id', { id: '' }, 'for a user with an id'],
  ])('does not carry %s, and says so', async (_, user, where) => {
    const { a } = await world()
    expect(() => a.hub.tickets.make(user as User)).toThrow(TypeError)
    expect(() => a.hub.tickets.make(user as User)).toThrow(where)
  })

  it('is not longer than a URL bears', async () => {
    const { a } = await world()
    const { ticket } = a.hub.tickets.make({ id: 'ada', note: 'n'.repeat(2_800) } as User)
    expect(ticket.length).toBeLessThanOrEqual(4_096)
    expect(() => a.hub.tickets.make({ id: 'ada', note: 'n'.repeat(3_200) } as User)).toThrow(
      /^The ticket would have \d{4} characters, and 4096 are what a URL bears/,
    )
  })
})

describe('[H14.2] a ticket lets in once', () => {
  it('on whichever node, of many who come at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 24 }),
        async (tries) => {
          const { a, b, start } = await world()
          const nodes = [a, b, await start('c')]
          const tickets = [0, 1, 2].map((n) => a.hub.tickets.make({ id: `user-${n}` }).ticket)
          const outcomes = await Promise.all(
            tries.map(async ([node, ticket]) => [
              ticket,
              (await nodes[node]?.enter(tickets[ticket] ?? ''))?.outcome,
            ]),
          )
          for (const ticket of [0, 1, 2]) {
            const letIn = outcomes.filter(
              ([which, outcome]) => which === ticket && outcome === `user-${ticket}`,
            )
            const shown = outcomes.filter(([which]) => which === ticket)
            expect(letIn.length).toBe(Math.min(1, shown.length))
            expect(shown.filter(([, outcome]) => outcome === UNAUTHENTICATED).length).toBe(
              shown.length - letIn.length,
            )
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('and says of the second time that it was used', async () => {
    const { a, b, clock } = await world()
    const { ticket } = a.hub.tickets.make({ id: 'ada' }, MOST_TTL)
    await a.enter(ticket)
    await clock.advance(MOST_TTL - 1_000)
    const { outcome, reply, client } = await b.enter(ticket)
    expect([outcome, messageOf(reply), client.closed?.code]).toEqual([
      UNAUTHENTICATED,
      'The ticket was used before: each lets in once, get a new one',
      4500,
    ])
  })

  it('also where more were used since than a broker knows of one stream', async () => {
    const { shared, clock } = await world()
    const tickets = new SingleUseTickets({
      ...{ streams: shared.memory, clock, random: systemRandom, sealer: systemSealer },
    })
    const spend = (nonce: string) => tickets.spend({ nonce, until: 0, identity: new Identity({ id: 'ada' }) })
    await spend('A')
    for (let n = 0; n < 150_000; n++) await spend(`${NAMES[n % 64]}${n}`)
    await expect(spend('A')).rejects.toMatchObject({ kind: 'unauthenticated' })
  })

  it('nobody, while the broker cannot be reached', async () => {
    const { a } = await world()
    const { ticket } = a.hub.tickets.make({ id: 'ada' })
    const { append } = a.broker
    a.broker.append = () => Promise.reject(new Error('away'))
    const { outcome, client } = await a.enter(ticket)
    expect([outcome, client.closed?.code]).toEqual([200, 4004])
    a.broker.append = append
    expect((await a.enter(ticket)).outcome).toBe('ada')
  })

  it('keeps nothing in the streams that say so', async () => {
    const { a, shared } = await world()
    for (let n = 0; n < 50; n++) await a.enter(a.hub.tickets.make({ id: 'ada' }).ticket)
    const slices = await Promise.all(
      [...NAMES].map((name) =>
        shared.memory.read(`@tickets:${name}`, { before: 1_000, limit: 100 }, { size: 0, ttl: 1 }),
      ),
    )
    expect(slices.reduce((sum, { head }) => sum + head.offset, 0)).toBe(50)
    expect(slices.flatMap(({ publications }) => publications)).toEqual([])
    expect(slices.filter(({ head }) => head.offset > 0).length).toBeGreaterThan(10)
  })
})

describe('[H14.3] who was revoked', () => {
  const revocables = [{ user: 'ada' }, { tokenId: 't-1' }]
  it.each(revocables)('%j is not let in by a ticket from before, which then is not used up', async (what) => {
    const { a, b } = await world()
    const { ticket } = await a.hub.tickets.exchange({
      headers: {},
      remoteAddress: '',
      token: 'ada:60000:t-1',
    })
    await b.hub.revocations.revoke(what)
    const { client, outcome } = await a.enter(ticket)
    expect([outcome, client.closed?.code]).toEqual([REVOKED, 4505])
    // Its id is not among those that were stored.
    const { broker } = a
    let appended = 0
    const { append } = broker
    broker.append = (...args) => {
      appended++
      return append.apply(broker, args)
    }
    await a.enter(ticket)
    expect(appended).toBe(0)
  })

  it('gets none either, but a user whom the application names anew', async () => {
    const { a, b } = await world()
    await a.hub.revocations.revoke({ user: 'ada' })
    const request = { headers: {}, remoteAddress: '', token: 'ada' }
    await expect(a.hub.tickets.exchange(request)).rejects.toMatchObject({ kind: 'revoked' })
    expect(() => a.hub.tickets.make(new Identity({ id: 'ada' }))).toThrow('Access was revoked')
    // Also within the same millisecond, and on every node that has heard of it.
    const { ticket } = b.hub.tickets.make({ id: 'ada' })
    expect((await a.enter(ticket)).outcome).toBe('ada')
  })

  it('gets one that is as new as what was last taken, though this node’s clock is behind', async () => {
    const { a, b, clock } = await world()
    await clock.advance(5_000)
    await a.hub.revocations.revoke({ user: 'ada', calls: ['pay'] })
    await a.hub.revocations.revoke({ user: 'eve' })
    const { now } = clock
    clock.now = () => now.call(clock) - 4_000
    for (const id of ['ada', 'eve']) {
      const { outcome, client } = await b.enter(b.hub.tickets.make({ id }).ticket)
      expect([id, outcome, client.closed]).toEqual([id, id, undefined])
      expect(await client.ask('call', { method: 'pay', data: json(null) })).toMatchObject({
        body: { code: CODES['unknown-method'].code },
      })
    }
  })

  it('loses what a ticket let in', async () => {
    const { a, b } = await world()
    const { client } = await a.enter(a.hub.tickets.make({ id: 'ada' }).ticket)
    expect(await b.hub.revocations.revoke({ user: 'ada' })).toMatchObject({ sessions: 1 })
    expect(client.closed?.code).toBe(4505)
  })
})
