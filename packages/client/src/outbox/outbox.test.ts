import { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle } from '../../test/clock.js'
import type { Published, PublishOptions } from '../core/types.js'
import type { OutboxEntry, OutboxStore } from './entry.js'
import { Outbox, type OutboxClient, type OutboxOptions } from './outbox.js'

const here = (offset: number): Published => ({ epoch: 'e', offset, skipped: undefined })

/** What was asked of the client, each to be answered by the test. */
interface Asked {
  readonly channel: string
  readonly data: unknown
  readonly options: PublishOptions | undefined
  resolve(published: Published): void
  reject(error: unknown): void
}

class FakeClient implements OutboxClient {
  state = { name: 'connected' }
  readonly asked: Asked[] = []
  #listener = (): void => {}

  on(_event: 'state', listener: () => void): () => void {
    this.#listener = listener
    return () => {}
  }
  become(name: string): void {
    this.state = { name }
    this.#listener()
  }
  channel(channel: string) {
    return {
      publish: (data: unknown, options?: PublishOptions) =>
        new Promise<Published>((resolve, reject) => {
          this.asked.push({ channel, data, options, resolve, reject })
        }),
    }
  }
}

/** A store that outlives outboxes. */
class Shelf implements OutboxStore {
  entries: OutboxEntry[] = []
  fails = false

  async open(): Promise<readonly OutboxEntry[]> {
    return [...this.entries]
  }
  async put(entry: OutboxEntry): Promise<void> {
    if (this.fails) throw new Error('full')
    this.entries.push(entry)
  }
  async remove(id: string): Promise<void> {
    this.entries = this.entries.filter((entry) => entry.id !== id)
  }
  close(): void {}
}

let lives = 0

function world(options: OutboxOptions = {}) {
  const clock = new FakeClock()
  const client = new FakeClient()
  const life = ++lives
  let ids = 0
  const outbox = new Outbox(client, options, {
    now: () => clock.now(),
    schedule: (ms, run) => clock.schedule(ms, run),
    id: () => `life-${life}.${++ids}`,
  })
  const told: string[] = []
  outbox.on('sent', ({ data }) => told.push(`sent ${data}`))
  outbox.on('failed', ({ data }, { kind }) => told.push(`failed ${data} ${kind}`))
  /** The end of a promise, in short. */
  const end = (promise: Promise<Published>) =>
    promise.then(
      ({ offset }) => offset,
      (error: MillraceError) => error.kind,
    )
  return { clock, client, outbox, told, end }
}

describe('an outbox', () => {
  it('sends what is written, in order, one at a time per channel, and settles with the position', async () => {
    const { client, outbox, end, told } = world()
    const ends = [1, 2].map((n) => end(outbox.publish('a:b', n)))
    const other = end(outbox.publish('a:c', 3))
    await settle()
    expect(client.asked.map(({ channel, data }) => [channel, data])).toEqual([
      ['a:b', 1],
      ['a:c', 3],
    ])
    client.asked[0]?.resolve(here(7))
    client.asked[1]?.resolve(here(9))
    await settle()
    client.asked[2]?.resolve(here(8))
    expect(await Promise.all([...ends, other])).toEqual([7, 8, 9])
    expect([told, outbox.waiting]).toEqual([['sent 1', 'sent 3', 'sent 2'], []])
  })

  it('waits while there is no connection, and sends each with one id until it is acknowledged', async () => {
    const { client, clock, outbox, end } = world()
    client.become('reconnecting')
    const done = end(outbox.publish('a:b', 1))
    await settle()
    expect(client.asked).toEqual([])
    client.become('connected')
    await settle()
    client.asked[0]?.reject(new MillraceError('timeout'))
    await settle()
    expect(client.asked).toHaveLength(1)
    await clock.advance(1000)
    client.asked[1]?.reject(new MillraceError('rate-limited', { retryAfter: 3000 }))
    await clock.advance(2999)
    expect(client.asked).toHaveLength(2)
    await clock.advance(1)
    client.asked[2]?.resolve(here(1))
    expect(await done).toBe(1)
    expect(new Set(client.asked.map(({ options }) => options?.id)).size).toBe(1)
  })

  it.each(['forbidden', 'revoked'] as const)(
    'goes on behind one that the server refuses as %s, and tells why',
    async (why) => {
      const { client, outbox, end, told } = world()
      const ends = [1, 2].map((n) => end(outbox.publish('a:b', n)))
      await settle()
      client.asked[0]?.reject(new MillraceError(why))
      await settle()
      client.asked[1]?.resolve(here(1))
      expect(await Promise.all(ends)).toEqual([why, 1])
      expect(told).toEqual([`failed 1 ${why}`, 'sent 2'])
    },
  )

  it('passes on version and excludeSelf', async () => {
    const { client, outbox, end } = world()
    void end(outbox.publish('a:b', 1, { id: 'mine', version: 4, excludeSelf: true }))
    await settle()
    expect(client.asked[0]?.options).toMatchObject({ id: 'mine', version: 4, excludeSelf: true })
  })
})

describe('while the connection is away, a publication', () => {
  it('of which only the latest counts takes the place of the one before', async () => {
    const { client, outbox, end } = world()
    client.become('offline')
    const ends = [1, 2, 3].map((n) => end(outbox.publish('cursor:x', n, { whenAway: 'latest', key: 'me' })))
    const other = end(outbox.publish('cursor:x', 'b', { whenAway: 'latest', key: 'you' }))
    await settle()
    expect(outbox.waiting.map(({ data }) => data)).toEqual([3, 'b'])
    client.become('connected')
    await settle()
    // One that is under way is not replaced: it may be stored already.
    const last = end(outbox.publish('cursor:x', 4, { whenAway: 'latest', key: 'me' }))
    client.asked[0]?.resolve(here(1))
    await settle()
    client.asked[1]?.resolve(here(2))
    await settle()
    client.asked[2]?.resolve(here(3))
    expect(await Promise.all([...ends, other, last])).toEqual(['aborted', 'aborted', 1, 2, 3])
  })

  it('that is to be dropped is, at once', async () => {
    const { client, outbox, end } = world()
    client.become('reconnecting')
    expect(await end(outbox.publish('a:b', 1, { whenAway: 'drop' }))).toBe('connection-lost')
    client.become('connected')
    const done = end(outbox.publish('a:b', 2, { whenAway: 'drop' }))
    client.asked[0]?.resolve(here(1))
    expect([await done, outbox.waiting]).toEqual([1, []])
  })

  it('waits no longer than it may', async () => {
    const { client, clock, outbox, end, told } = world({ limits: { age: '10m' } })
    client.become('offline')
    const ends = [end(outbox.publish('a:b', 1, { age: '1s' })), end(outbox.publish('a:b', 2))]
    await clock.advance(1000)
    expect(await ends[0]).toBe('timeout')
    await clock.advance(599_000)
    expect(await ends[1]).toBe('timeout')
    expect([told, outbox.waiting]).toEqual([['failed 1 timeout', 'failed 2 timeout'], []])
  })

  it('is refused where too many wait, or too much', async () => {
    const { client, outbox, end } = world({ limits: { count: 2, bytes: 20 } })
    client.become('offline')
    void end(outbox.publish('a:b', 1))
    await expect(outbox.publish('a:b', 'x'.repeat(20))).rejects.toMatchObject({ kind: 'limit-exceeded' })
    await expect(outbox.publish('a:b', 'x'.repeat(20))).rejects.toThrow('limits.bytes')
    void end(outbox.publish('a:b', 2))
    await expect(outbox.publish('a:b', 3)).rejects.toThrow('limits.count')
    expect(outbox.waiting).toHaveLength(2)
  })
})

describe('an outbox with a store', () => {
  it('sends what an earlier life left, before what was written since', async () => {
    const store = new Shelf()
    const before = world({ store })
    before.client.become('offline')
    const left = before.end(before.outbox.publish('a:b', 1))
    await settle()
    before.outbox.close()
    expect(await left).toBe('aborted')
    expect(store.entries.map(({ data }) => data)).toEqual([1])

    const { client, outbox, told, end } = world({ store })
    const done = end(outbox.publish('a:b', 2))
    await settle()
    client.asked[0]?.resolve(here(1))
    await settle()
    client.asked[1]?.resolve(here(2))
    expect(await done).toBe(2)
    expect([client.asked.map(({ data }) => data), told, store.entries]).toEqual([
      [1, 2],
      ['sent 1', 'sent 2'],
      [],
    ])
  })

  it('tells of those from an earlier life that are refused or too old, though nobody waits', async () => {
    const store = new Shelf()
    const entry = { id: 'x', channel: 'a:b', data: 1, writtenAt: 0, expiresAt: 5, bytes: 1 }
    store.entries = [entry]
    const { told } = world({ store })
    await settle()
    expect([told, store.entries]).toEqual([['failed 1 timeout'], []])
  })

  it('sends all the same when the store keeps nothing, and says so', async () => {
    const store = new Shelf()
    store.fails = true
    const { client, outbox, told, end } = world({ store })
    const done = end(outbox.publish('a:b', 1))
    await settle()
    client.asked[0]?.resolve(here(1))
    expect(await done).toBe(1)
    expect(told).toEqual(['failed 1 not-available', 'sent 1'])
  })
})

describe('a closed outbox', () => {
  it('accepts nothing, and everything that waits settles', async () => {
    const { outbox, end, client } = world()
    client.become('offline')
    const done = end(outbox.publish('a:b', 1))
    outbox.close()
    expect(await done).toBe('aborted')
    expect(await end(outbox.publish('a:b', 2))).toBe('aborted')
  })
})

it.each([
  [{ limits: { count: 0 } }, 'limits.count must be a whole number above 0, not 0'],
  [{ limits: { age: 'soon' } }, 'limits.age must be milliseconds'],
])('%j is refused at once', (options, message) => {
  expect(() => world(options as OutboxOptions)).toThrow(message)
})
