import { CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { TestClient, testHub } from '../testing/index.js'
import type { Authenticate } from './admission.js'
import { Identity } from './identity.js'

/** Tokens are `user:milliseconds`; the clock of tests begins at its own time. */
function world() {
  const { hub, clock } = testHub({
    authenticate: ({ token = '' }) => {
      const [id = '', left] = token.split(':')
      if (id === '') return null
      return left === undefined ? { id } : new Identity({ id }, { expires: clock.now() + Number(left) })
    },
  } satisfies { authenticate: Authenticate })
  const connect = async (token?: string) => {
    const client = new TestClient(hub)
    const reply = await client.ask('connect', { version: 1, token })
    return { client, reply }
  }
  /** Lets time pass while the client answers pings. */
  const pass = async (ms: number, client: TestClient) => {
    for (let left = ms; left > 0; left -= 1000) {
      await clock.advance(Math.min(left, 1000))
      client.session.receive('{"pong":{}}')
    }
  }
  return { hub, clock, connect, pass }
}

describe('a token that ends', () => {
  it('[P1.12] is said with connected, and ends its session', async () => {
    const { connect, pass } = world()
    const { client, reply } = await connect('ada:20000')
    expect(reply.body).toMatchObject({ user: 'ada', expires: 20_000 })
    await pass(19_500, client)
    expect(client.closed).toBeUndefined()
    await pass(2_500, client)
    expect(client.closed?.code).toBe(CODES['token-expired'].code)
  })

  it('[P1.12] is outlived by a newer one of the same user', async () => {
    const { connect, pass } = world()
    const { client } = await connect('ada:20000')
    for (let n = 0; n < 5; n++) {
      await pass(15_000, client)
      expect(await client.ask('refresh', { token: 'ada:20000' })).toMatchObject({
        kind: 'refreshed',
        body: { expires: 20_000 },
      })
    }
    expect(client.closed).toBeUndefined()
    // One without an end never ends it.
    expect((await client.ask('refresh', { token: 'ada' })).body).toEqual({})
    await pass(60_000, client)
    expect(client.closed).toBeUndefined()
  })

  it('[P1.12] goes on holding when the newer one is not accepted', async () => {
    const { connect, pass } = world()
    const { client } = await connect('ada:20000')
    for (const token of ['', 'eve:90000', 'ada:-5000'])
      expect(await client.ask('refresh', { token })).toMatchObject({ kind: 'error', body: { code: 105 } })
    await pass(19_000, client)
    expect(client.closed).toBeUndefined()
    await pass(3_000, client)
    expect(client.closed?.code).toBe(4005)
  })

  it('[P1.12] is refused when it is over, but for what clocks and queues take', async () => {
    const { connect } = world()
    expect((await connect('ada:-2000')).reply).toMatchObject({ kind: 'error', body: { code: 105 } })
    expect((await connect('ada:-500')).reply).toMatchObject({ kind: 'connected', body: { expires: 0 } })
  })

  it('[P1.12] is not missed where the process stood still while a newer one came', async () => {
    const { clock, connect } = world()
    const { client } = await connect('ada:5000')
    // The clock jumps, and what was sent meanwhile is read after the timers that are due.
    clock.stall(20_000)
    await clock.advance(300)
    expect(client.closed).toBeUndefined()
    expect((await client.ask('refresh', { token: 'ada:20000' })).kind).toBe('refreshed')
    await clock.advance(3_000)
    expect(client.closed).toBeUndefined()
  })

  it('without an end lasts, and nobody asks where there is no auth', async () => {
    const { connect, pass } = world()
    const { client, reply } = await connect('ada')
    expect(reply.body).not.toHaveProperty('expires')
    await pass(100_000, client)
    expect(client.closed).toBeUndefined()
    const open = new TestClient(testHub().hub)
    await open.connect()
    expect((await open.ask('refresh', { token: 'whatever' })).kind).toBe('refreshed')
  })
})
