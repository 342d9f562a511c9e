import { expect, it } from 'vitest'
import { FakeClock, SharedBroker, settle, TestClient, testHub } from '../testing/index.js'

/** Two nodes of one broker, on which whoever comes is who the token says. */
async function world() {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  const start = async (node: string) => {
    const broker = shared.node()
    const { hub } = testHub({ clock, broker, node, authenticate: ({ token = '' }) => ({ id: token }) })
    await settle()
    const connect = async (token: string) => {
      const client = new TestClient(hub)
      const { body } = await client.ask('connect', { version: 1, token })
      return { client, session: (body as { session: string }).session }
    }
    return { hub, broker, connect }
  }
  return { clock, a: await start('a'), b: await start('b') }
}

it('[H12.4] sessions of a user are ended on all nodes, and nobody else’s', async () => {
  const { a, b } = await world()
  const ann = [await a.connect('ann'), await b.connect('ann'), await b.connect('ann')]
  const bob = await b.connect('bob')
  expect(
    await a.hub.disconnections.disconnect({ user: 'ann' }, { code: 'disconnected', reason: 'Bye' }),
  ).toEqual({
    ...{ sessions: 3, silent: [] },
  })
  expect(ann.map(({ client }) => client.closed)).toMatchObject(Array(3).fill({ code: 4502, reason: 'Bye' }))
  expect(bob.client.closed).toBeUndefined()
  expect(await a.hub.disconnections.disconnect({ session: bob.session }, { code: 'shutdown' })).toEqual({
    ...{ sessions: 1, silent: [] },
  })
  expect(bob.client.closed).toMatchObject({ code: 4000, reason: 'The application closed this session' })
})

it('[H12.4] a node that does not answer is named', async () => {
  const { clock, a, b } = await world()
  const ann = await b.connect('ann')
  b.broker.isDeaf = true
  const ending = a.hub.disconnections.disconnect({ user: 'ann' }, { code: 'disconnected' })
  await clock.advance(900)
  expect(await ending).toEqual({ sessions: 0, silent: ['b'] })
  expect(ann.client.closed).toBeUndefined()
})
