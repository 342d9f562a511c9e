import { describe, expect, it } from 'vitest'
import { Listener } from '../test/listeners.js'
import type { Client, Heard } from './client.js'
import { seal } from './envelope.js'
import { Keys } from './keys.js'
import { LiveFeed } from './live-feed.js'

const keys = new Keys('test:')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const ephemeral = Buffer.concat([Buffer.from('e\n'), seal({ data: { codec: 'json', text: '1' } })])

/** A Redis that answers when told to. */
class Answering implements Client {
  readonly isReady = true
  readonly said: string[] = []
  heard: Heard | undefined
  #answers: (() => void)[] = []

  async connect(): Promise<void> {}
  destroy(): void {}
  async send(): Promise<unknown> {
    return 'OK'
  }
  subscribe(topics: string[], heard: Heard): Promise<void> {
    this.heard = heard
    return this.#wait(`subscribe ${topics}`)
  }
  unsubscribe(topics: string[]): Promise<void> {
    return this.#wait(`unsubscribe ${topics}`)
  }
  answer(): void {
    for (const one of this.#answers.splice(0)) one()
  }
  #wait(said: string): Promise<void> {
    this.said.push(said)
    return new Promise((resolve) => void this.#answers.push(resolve))
  }
}

function setUp() {
  const [client, listener, log] = [new Answering(), new Listener(), [] as string[]]
  const connection = {
    isUp: true,
    heard: () => {},
    run: <T>(task: (client: Client) => Promise<T>) => task(client),
  }
  const feed = new LiveFeed({
    keys,
    connection,
    logger: { ...logger, error: (message) => log.push(message) },
    listener: () => listener,
    stored: () => {},
  })
  return { client, listener, log, connection, feed }
}

describe('[B2] the live feed', () => {
  it('resolves a join when Redis has confirmed it', async () => {
    const { client, feed } = setUp()
    let joined = false
    const join = feed.join('a:b').then(() => {
      joined = true
    })
    await Promise.resolve()
    expect([client.said, joined]).toEqual([['subscribe test:{a:b}:live'], false])
    client.answer()
    await join
    expect(joined).toBe(true)
  })

  it('leaves what was left while a new connection was made', async () => {
    const { client, listener, connection, feed } = setUp()
    for (const channel of ['a:b', 'a:c']) {
      const join = feed.join(channel)
      client.answer()
      await join
    }
    connection.isUp = false
    client.said.length = 0
    const made = feed.resubscribe(client)
    await feed.leave('a:b')
    client.answer()
    await made
    client.heard?.(ephemeral, Buffer.from(keys.topic('a:b')))
    client.heard?.(ephemeral, Buffer.from(keys.topic('a:c')))
    expect(listener.events).toEqual(['a:c ephemeral'])
    feed.returned()
    expect(client.said).toEqual(['subscribe test:{a:b}:live,test:{a:c}:live', 'unsubscribe test:{a:b}:live'])
  })

  it('logs what it does not understand, and goes on', async () => {
    const { client, listener, log, feed } = setUp()
    const join = feed.join('a:b')
    client.answer()
    await join
    for (const message of ['', 'x', 'z\n\u0001\u0000\u0000', 'e\n\u0009', 'mx 1\n\u0001\u0000\u0000'])
      client.heard?.(Buffer.from(message), Buffer.from(keys.topic('a:b')))
    expect(log).toHaveLength(5)
    client.heard?.(ephemeral, Buffer.from(keys.topic('a:b')))
    expect(listener.events).toEqual(['a:b ephemeral'])
  })
})
