/** Nodes on one broker, devices that come and go, and who asks them: for tests of calls across nodes and of calls that wait. */
import { call, defineApi, json } from '@millrace/protocol'
import * as z from 'zod'
import type { Hub, HubOptions } from '../src/hub/index.js'
import {
  FakeClock,
  SharedBroker,
  type SharedBrokerNode,
  settle,
  TestClient,
  testHub,
} from '../src/testing/index.js'

export const api = defineApi({
  calls: {
    'valve.set': call({
      request: z.object({ open: z.boolean(), n: z.number().optional() }),
      response: z.string(),
      timeout: '5s',
      wait: { ttl: '1h', size: 40 },
    }),
    'valve.read': call({ request: z.null(), response: z.number(), timeout: '2s' }),
  },
})

export interface TestNode {
  readonly name: string
  readonly hub: Hub
  readonly broker: SharedBrokerNode
}

export class World {
  readonly clock = new FakeClock()
  readonly shared = new SharedBroker(this.clock)
  readonly clients = new Set<TestClient>()
  readonly problems: unknown[] = []

  async node(name: string, options: Partial<HubOptions> = {}): Promise<TestNode> {
    const broker = this.shared.node()
    const problem = (message: string, details?: object): void => void this.problems.push([message, details])
    const { hub } = testHub({
      api,
      clock: this.clock,
      broker,
      node: name,
      authenticate: ({ token }) => ({ id: String(token) }),
      logger: { debug: () => {}, info: () => {}, warn: problem, error: problem },
      ...options,
    })
    await this.pass(0)
    return { name, hub, broker }
  }

  async nodes(...names: readonly string[]): Promise<TestNode[]> {
    return Promise.all(names.map((name) => this.node(name)))
  }

  /** A client that is connected as this user. */
  async client({ hub }: TestNode, user: string): Promise<TestClient> {
    const client = new TestClient(hub)
    this.clients.add(client)
    await client.connect(user)
    await this.pass(0)
    return client
  }

  /** Lets time pass, in which clients answer pings. */
  async pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 1000) {
      await this.clock.advance(Math.min(left, 1000))
      for (const client of this.clients) client.session.heard()
    }
    for (let i = 0; i < 10; i++) await settle()
  }

  /** The connection of a client is cut. */
  async cut(client: TestClient): Promise<void> {
    this.clients.delete(client)
    client.session.closed(1006)
    await this.pass(0)
  }

  /** The node's process is gone, and its connections with it: nothing of it is heard any more. */
  async kill(node: TestNode): Promise<void> {
    node.broker.die()
    for (const client of this.clients)
      if (node.hub.directory.session(client.session.id) === client.session) this.clients.delete(client)
    await this.pass(0)
  }

  /** A device answers the call that was pushed last, or the one named. */
  async answer(
    device: TestClient,
    value: unknown,
    name = device.of('call').at(-1)?.call ?? '',
  ): Promise<void> {
    device.say('answer', { call: name, data: json(value) })
    await this.pass(0)
  }
}

/** What becomes of a promise, once it is clear. */
export interface Watched<T> {
  value?: T
  error?: { readonly kind?: string; readonly message?: string }
}

export function watch<T>(promise: Promise<T>): Watched<T> {
  const watched: Watched<T> = {}
  promise.then(
    (value) => Object.assign(watched, { value }),
    (error: unknown) => Object.assign(watched, { error }),
  )
  return watched
}

/** The names of the calls that were pushed to a device. */
export const names = (device: TestClient): string[] => device.of('call').map((pushed) => pushed.call)
