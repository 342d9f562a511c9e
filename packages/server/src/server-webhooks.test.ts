import { channel, defineApi, json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import type { Hub } from './hub/index.js'
import type { ServerOptions } from './options.js'
import type { ServerPorts } from './ports.js'
import { composeServer } from './server.js'
import { FakeClock, SequenceRandom, SharedBroker, settle, TestClient } from './testing/index.js'
import type { WebhookEvent, WebhookRequest } from './webhooks/index.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const api = defineApi({ channels: { 'chat:{room}': channel({ publish: 'anyone' }) } })

/** Servers of one broker, and one backend that all of them tell. */
class World {
  readonly clock = new FakeClock()
  readonly told: (WebhookEvent & { readonly node: string })[] = []
  readonly log: string[] = []
  readonly #shared = new SharedBroker(this.clock)
  readonly #random = new SequenceRandom()

  async server(node: string, ports: Partial<ServerPorts> = {}) {
    const note = (message: string) => void this.log.push(message)
    const options: ServerOptions<typeof api> = {
      ...{ api, node, broker: this.#shared.node() },
      logger: { debug: () => {}, info: note, warn: note, error: note },
      webhooks: [{ url: 'https://backend.example/', secret: SECRET }],
    }
    const inside: { hub?: Hub } = {}
    const server = composeServer(options, {
      ...{ clock: this.clock, random: this.#random },
      endpoint: ({ hub }) => {
        inside.hub = hub
        return { attach: () => {}, close: async () => {} }
      },
      webhooks: {
        jitter: () => 0,
        deliver: ({ body }) => {
          const { events } = JSON.parse(body) as WebhookRequest
          this.told.push(...events.map((event) => ({ ...event, node })))
          return { answer: Promise.resolve({ status: 200, retryAfter: undefined }), cancel: () => {} }
        },
      },
      ...ports,
    })
    await server.publish('chat:start', node)
    if (inside.hub === undefined) throw new Error('it was composed without an endpoint')
    return { server, hub: inside.hub }
  }

  /** What was told since it was asked last: node, type, channel. */
  news(): readonly string[] {
    const news = this.told.splice(0).map((event) => {
      return [event.node, event.type, 'channel' in event ? event.channel : ''].join(' ').trim()
    })
    return news.filter((line) => !line.endsWith('chat:start'))
  }
}

async function subscriber(hub: Hub): Promise<TestClient> {
  const client = new TestClient(hub)
  await client.connect()
  await client.ask('subscribe', { channel: 'chat:lobby' })
  return client
}

/** Closes a server, while time goes on: for less than events are gathered. */
async function close(world: World, server: { close(): Promise<void> }): Promise<void> {
  const closed = server.close()
  await world.clock.advance(200)
  await closed
}

describe('a server with webhooks', () => {
  it('[H13.1] tells of its own sessions and publications, and of channels for all nodes', async () => {
    const world = new World()
    const [a, b] = [await world.server('a'), await world.server('b')]
    const ann = await subscriber(a.hub)
    await world.clock.advance(300)
    expect(world.news()).toEqual(['a connected', 'a subscribed chat:lobby', 'a occupied chat:lobby'])
    const bob = await subscriber(b.hub)
    await bob.ask('publish', { channel: 'chat:lobby', data: json('hi') })
    await world.clock.advance(300)
    expect(ann.of('publication').length).toBe(1)
    expect(world.news()).toEqual(['b connected', 'b subscribed chat:lobby', 'b published chat:lobby'])
    ann.session.closed(1006)
    bob.session.closed(1006)
    await world.clock.advance(3_000)
    const news = world.news()
    expect(news.filter((line) => line.endsWith('vacated chat:lobby')).length).toBe(1)
    expect(news.filter((line) => line.includes(' disconnected')).length).toBe(2)
    expect(news.length).toBe(5)
    expect(a.server.stats().webhooks).toMatchObject({ failed: 0, waiting: 0, dropped: 0 })
  })

  it('[H13.6] tells what its closing has done before it is closed', async () => {
    const world = new World()
    const { server, hub } = await world.server('a')
    await subscriber(hub)
    await world.clock.advance(300)
    world.news()
    await close(world, server)
    expect(world.news()).toEqual(['a unsubscribed chat:lobby', 'a disconnected', 'a vacated chat:lobby'])
    await close(world, server)
    await settle()
    expect(world.news()).toEqual([])
  })

  it('without a way to tell tells nothing', async () => {
    const world = new World()
    const { server, hub } = await world.server('a', { webhooks: undefined })
    await subscriber(hub)
    await world.clock.advance(3_000)
    expect([world.told, server.stats().webhooks.waiting]).toEqual([[], 0])
    await close(world, server)
  })

  it('names an option that is wrong when it is made', () => {
    const make = (): unknown =>
      composeServer(
        { api, webhooks: [{ url: 'https://backend.example/', secret: 'whsec_short' }] },
        {
          clock: new FakeClock(),
          random: new SequenceRandom(),
          endpoint: () => ({ attach: () => {}, close: async () => {} }),
        },
      )
    expect(make).toThrow("webhooks[0].secret must be 'whsec_'")
  })
})
