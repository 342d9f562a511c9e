/** Nodes of one broker, and users from whom something is taken away. */
import { call, channel, defineApi, json, type Message } from '@millrace/protocol'
import * as z from 'zod'
import type { HubOptions } from '../src/hub/hub-options.js'
import { Identity } from '../src/hub/index.js'
import { FakeClock, SequenceRandom, SharedBroker, settle, TestClient, testHub } from '../src/testing/index.js'

/** The code of what was taken away. */
export const REVOKED = 121

const api = defineApi({
  channels: {
    'chat:{room}': channel({
      publish: 'anyone',
      history: { size: 100 },
      presence: z.string(),
      ephemeral: z.number(),
    }),
    'orders:{id}': channel({ publish: 'anyone', history: { size: 100 } }),
  },
  calls: { refund: call({}), 'admin.reset': call({}), ring: call({ wait: { ttl: '1h', size: 10 } }) },
})

/** A token is `user`, or `user:id:issued` with the milliseconds since 1970. */
const authenticate: HubOptions['authenticate'] = ({ token = '' }) => {
  const [id = '', tokenId, issued] = token.split(':')
  return new Identity({ id }, { tokenId, issued: issued === undefined ? undefined : Number(issued) })
}

/** Two nodes of one broker, and as many more as are started. */
export async function world(options: Partial<HubOptions> = {}) {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  // So that no two nodes give the same name to sessions.
  const random = new SequenceRandom()
  const start = async (node: string, itsClock = clock) => {
    const broker = shared.node()
    const { hub } = testHub({ api, clock: itsClock, random, broker, node, authenticate, ...options })
    await settle()
    const connect = async (token: string, resume?: string) => {
      const client = new TestClient(hub)
      const reply = await client.ask('connect', { version: 1, token, resume })
      return { client, resume: (reply.body as { resume?: string }).resume, ...asker(client) }
    }
    return { hub, broker, connect }
  }
  return { clock, shared, start, a: await start('a'), b: await start('b') }
}

/** Says commands in few words; each is answered by the kind of its reply, or its code. */
export function asker(client: TestClient) {
  const ask: (...command: Parameters<TestClient['ask']>) => Promise<unknown> = async (...command) => {
    const reply = await client.ask(...command)
    return reply.kind === 'error' ? reply.body.code : reply.kind
  }
  return {
    reply: (id: number): Message | undefined => client.messages.find((message) => message.id === id),
    publish: (name: string) => ask('publish', { channel: name, data: json(1) }),
    send: (name: string) => ask('ephemeral', { channel: name, data: json(1) }),
    history: (name: string) => ask('history', { channel: name, limit: 1 }),
    who: (name: string) => ask('presence', { channel: name }),
    enter: (name: string) => ask('enter', { channel: name, data: json('me') }),
    subscribe: (name: string, more: object = {}) => ask('subscribe', { channel: name, ...more }),
    call: (method: string) => ask('call', { method, data: json(1) }),
    /** What the server said of subscriptions that it ended. */
    ended: () =>
      client.messages.filter(({ kind, id }) => kind === 'unsubscribed' && id === 0).map(({ body }) => body),
    heard: () => client.of('publication').map(({ channel: name, data }) => ({ name, data })),
  }
}
