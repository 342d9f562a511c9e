import type { Member } from '@millrace/protocol'
import type { Broker, BrokerListener, NewPublication, StreamOptions, StreamSlice } from '../hub/index.js'

/** A broker under test, and how to move its time. */
export interface BrokerSubject {
  readonly broker: Broker
  /** Lets time pass for the broker. */
  advance(milliseconds: number): Promise<void>
  /** Waits until what is on its way has arrived. */
  settle(): Promise<void>
  close(): Promise<void>
}

/** The test runner's functions, so that the suite depends on none. */
export interface Runner {
  it(title: string, test: () => Promise<void>): void
  /** Throws when the two are not deeply equal. */
  equal(actual: unknown, expected: unknown): void
}

const KEEP: StreamOptions = { size: 100, ttl: 60_000 }
const item = (value: unknown, id?: string): NewPublication => ({
  id,
  data: { codec: 'json', text: JSON.stringify(value) },
})
const member = (session: string, since: number, data: unknown = null): Member => ({
  session,
  since,
  data: { codec: 'json', text: JSON.stringify(data) },
})

/** What a listener heard, in short. */
class Heard implements BrokerListener {
  readonly events: string[] = []
  publication(channel: string, _epoch: string, { offset }: { readonly offset: number }): void {
    this.events.push(`${channel} ${offset}`)
  }
  ephemeral(channel: string): void {
    this.events.push(`${channel} ephemeral`)
  }
  presence(channel: string, change: string, { session }: Member): void {
    this.events.push(`${channel} ${change} ${session}`)
  }
  interrupted(): void {}
}

/** Holds a broker to the rules [B1]–[B15] of docs/hub.md. Channel names are fresh per test, so a shared store will do. */
export function brokerContract(make: () => Promise<BrokerSubject>, { it, equal }: Runner): void {
  let count = 0
  const test = (
    title: string,
    run: (subject: BrokerSubject, heard: Heard, channel: string) => Promise<void>,
  ): void =>
    it(title, async () => {
      const subject = await make()
      const heard = new Heard()
      await subject.broker.start(heard)
      try {
        count++
        await run(subject, heard, `contract:${count}.${Math.floor(count * 7919)}`)
      } finally {
        await subject.close()
      }
    })

  streams(test, equal)
  ranges(test, equal)
  streamEnds(test, equal)
  retention(test, equal)
  states(test, equal)
  presence(test, equal)
  ephemerals(test, equal)
  sessions(test, equal)
}

type Test = (
  title: string,
  run: (subject: BrokerSubject, heard: Heard, channel: string) => Promise<void>,
) => void
type Equal = Runner['equal']

function streams(test: Test, equal: Equal): void {
  test('[B1] appends get offsets from 1 on, in order', async ({ broker }, _heard, channel) => {
    const positions = await Promise.all([1, 2, 3].map((n) => broker.append(channel, item(n), KEEP)))
    equal(
      positions.map(({ offset }) => offset),
      [1, 2, 3],
    )
    equal(new Set(positions.map(({ epoch }) => epoch)).size, 1)
  })

  test('[B2] after join every append is heard once and in order, others are not', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.append(channel, item(1), KEEP)
    await broker.join(channel)
    await broker.join(channel)
    await Promise.all([2, 3, 4].map((n) => broker.append(channel, item(n), KEEP)))
    await broker.append(`${channel}.other`, item(1), KEEP)
    await subject.settle()
    equal(heard.events, [`${channel} 2`, `${channel} 3`, `${channel} 4`])
    await broker.leave(channel)
    await subject.settle()
    await broker.append(channel, item(5), KEEP)
    await subject.settle()
    equal(heard.events.length, 3)
  })

  test('[B2] leaving and joining again at once stays joined', async (subject, heard, channel) => {
    await subject.broker.join(channel)
    await Promise.all([subject.broker.leave(channel), subject.broker.join(channel)])
    await subject.broker.append(channel, item(1), KEEP)
    await subject.settle()
    equal(heard.events, [`${channel} 1`])
  })

  test('[B3] a channel without publications has head offset 0', async ({ broker }, _heard, channel) => {
    const { head, publications, more, floor } = await broker.read(channel, { before: 10, limit: 5 }, KEEP)
    equal([head.offset, publications, more, floor], [0, [], false, undefined])
  })
}

function ranges(test: Test, equal: Equal): void {
  test('[B4] since gives what follows, cut at the limit from the oldest', async ({
    broker,
  }, _heard, channel) => {
    for (const n of [1, 2, 3, 4, 5]) await broker.append(channel, item(n), KEEP)
    const { head } = await broker.read(channel, { before: 1, limit: 1 }, KEEP)
    const offsets = async (offset: number, limit: number, epoch = head.epoch): Promise<unknown> => {
      const slice = await broker.read(channel, { since: { epoch, offset }, limit }, KEEP)
      return [slice.publications.map((publication) => publication.offset), slice.more, slice.head.offset]
    }
    equal(await offsets(2, 10), [[3, 4, 5], false, 5])
    equal(await offsets(1, 2), [[2, 3], true, 5])
    equal(await offsets(5, 2), [[], false, 5])
    equal(await offsets(4, 10, 'another epoch'), [[1, 2, 3, 4, 5], false, 5])
    equal(await offsets(9, 10), [[1, 2, 3, 4, 5], false, 5])
  })

  test('[B4] before gives the newest that precede', async ({ broker }, _heard, channel) => {
    for (const n of [1, 2, 3, 4, 5]) await broker.append(channel, item(n), KEEP)
    const offsets = async (before: number, limit: number): Promise<unknown> => {
      const slice = await broker.read(channel, { before, limit }, KEEP)
      return [slice.publications.map(({ offset }) => offset), slice.more]
    }
    equal(await offsets(Number.MAX_SAFE_INTEGER, 2), [[4, 5], true])
    equal(await offsets(4, 2), [[2, 3], true])
    equal(await offsets(4, 9), [[1, 2, 3], false])
    equal(await offsets(1, 9), [[], false])
    equal(await offsets(4, 0), [[], true])
  })

  test('[B6] an id is stored once within the dedupe window', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.join(channel)
    const first = await broker.append(channel, item('a', 'same'), KEEP)
    await broker.append(channel, item('b'), KEEP)
    const { epoch, offset } = first
    const again = await broker.append(channel, item('a', 'same'), KEEP)
    equal(again, { epoch, offset, skipped: 'duplicate' })
    equal((await broker.append(channel, item('c', 'other'), KEEP)).offset, 3)
    await subject.settle()
    equal(heard.events, [`${channel} 1`, `${channel} 2`, `${channel} 3`])
  })
}

function streamEnds(test: Test, equal: Equal): void {
  test('[B10] a version that is not above the last one is not stored', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.join(channel)
    await broker.append(channel, { ...item('a'), version: 5 }, KEEP)
    const { epoch } = await broker.append(channel, item('without'), KEEP)
    for (const version of [4, 5])
      equal(await broker.append(channel, { ...item('b'), version }, KEEP), {
        epoch,
        offset: 2,
        skipped: 'stale',
      })
    equal((await broker.append(channel, { ...item('c'), version: 6 }, KEEP)).offset, 3)
    await subject.settle()
    equal(heard.events, [`${channel} 1`, `${channel} 2`, `${channel} 3`])
  })

  test('[B11] heads says where streams stand, in the order asked', async ({ broker }, _heard, channel) => {
    const one = await broker.append(channel, item(1), KEEP)
    const two = await broker.append(`${channel}.b`, item(1), KEEP)
    const last = await broker.append(`${channel}.b`, item(2), KEEP)
    const known = [
      { channel: `${channel}.b`, position: { epoch: two.epoch, offset: two.offset } },
      { channel, position: { epoch: one.epoch, offset: one.offset } },
      { channel: `${channel}.none`, position: { epoch: one.epoch, offset: 0 } },
    ]
    const heads = await broker.heads(known)
    equal(
      heads.map(({ offset }) => offset),
      [last.offset, 1, 0],
    )
    equal([heads[0]?.epoch, heads[1]?.epoch], [two.epoch, one.epoch])
  })
}

function retention(test: Test, equal: Equal): void {
  test('[B5] a stream keeps so many, and says what it let go', async ({ broker }, _heard, channel) => {
    const keep = { size: 3, ttl: 60_000 }
    for (const n of [1, 2, 3, 4, 5]) await broker.append(channel, item(n), keep)
    const slice = await broker.read(channel, { before: 99, limit: 99 }, keep)
    equal(
      slice.publications.map(({ offset }) => offset),
      [3, 4, 5],
    )
    equal(slice.floor, { offset: 2, reason: 'history-trimmed' })
    equal(slice.more, false)
  })

  test('[B5] a stream of size 0 keeps nothing but its head', async ({ broker }, _heard, channel) => {
    const keep = { size: 0, ttl: 60_000 }
    await broker.append(channel, item(1), keep)
    const slice = await broker.read(channel, { before: 99, limit: 99 }, keep)
    equal([slice.head.offset, slice.publications, slice.floor?.offset], [1, [], 1])
  })

  test('[B5] a stream keeps nothing beyond its ttl', async (subject, _heard, channel) => {
    const { broker } = subject
    const keep = { size: 100, ttl: 1_000 }
    await broker.append(channel, item(1), keep)
    await subject.advance(600)
    await broker.append(channel, item(2), keep)
    await subject.advance(600)
    const slice = await broker.read(channel, { before: 99, limit: 99 }, keep)
    equal(
      slice.publications.map(({ offset }) => offset),
      [2],
    )
    equal([slice.floor, slice.head.offset], [{ offset: 1, reason: 'history-expired' }, 2])
  })
}

function states(test: Test, equal: Equal): void {
  const keep: StreamOptions = { size: 100, ttl: 60_000, latest: true }
  const value = (key: string, text: string, more: Partial<NewPublication> = {}): NewPublication => ({
    ...item(text),
    key,
    ...more,
  })
  const shown = ({ publications }: StreamSlice): unknown =>
    publications.map(({ offset, prev, key, removed }) => [offset, prev ?? offset - 1, key, removed === true])
  const everything = { since: { epoch: '', offset: 0 }, limit: 99 }

  test('[B14] a state keeps the newest of each key, in order, its chain closed over what was superseded', async ({
    broker,
  }, heard, channel) => {
    await broker.join(channel)
    for (const key of ['a', 'b', 'a', 'c', 'b', 'b']) await broker.append(channel, value(key, key), keep)
    const all = await broker.read(channel, everything, keep)
    equal(shown(all), [
      [3, 0, 'a', false],
      [4, 3, 'c', false],
      [6, 4, 'b', false],
    ])
    equal([all.head.offset, all.floor, all.more], [6, undefined, false])
    const since = async (offset: number, limit = 99): Promise<unknown> => {
      const slice = await broker.read(channel, { since: { ...all.head, offset }, limit }, keep)
      return [shown(slice), slice.more]
    }
    equal(await since(3), [
      [
        [4, 3, 'c', false],
        [6, 4, 'b', false],
      ],
      false,
    ])
    equal(await since(5), [[[6, 5, 'b', false]], false])
    equal(await since(1, 1), [[[3, 1, 'a', false]], true])
    equal(await since(6), [[], false])
    const newest = await broker.read(channel, { before: 6, limit: 1 }, keep)
    equal([shown(newest), newest.more], [[[4, 3, 'c', false]], true])
    equal(heard.events.length, 6)
  })

  test('[B14] a removal is kept like a value', async ({ broker }, _heard, channel) => {
    await broker.append(channel, value('a', 'a'), keep)
    await broker.append(channel, value('a', 'null', { removed: true }), keep)
    equal(shown(await broker.read(channel, everything, keep)), [[2, 0, 'a', true]])
  })

  test('[B14] a state keeps so many keys, and those for so long; its floor is its head when one was let go', async (subject, _heard, channel) => {
    const { broker } = subject
    const few = { ...keep, size: 2, ttl: 1_000 }
    for (const key of ['a', 'b', 'a', 'c']) await broker.append(channel, value(key, key), few)
    const trimmed = await broker.read(channel, everything, few)
    equal(shown(trimmed), [
      [3, 0, 'a', false],
      [4, 3, 'c', false],
    ])
    equal(trimmed.floor, { offset: 4, reason: 'history-trimmed' })
    await subject.advance(600)
    await broker.append(channel, value('a', 'again'), few)
    await subject.advance(600)
    const expired = await broker.read(channel, everything, few)
    equal(shown(expired), [[5, 0, 'a', false]])
    equal([expired.floor, expired.head.offset], [{ offset: 5, reason: 'history-expired' }, 5])
  })

  test('[B15] what expects another value than there is, is not stored', async ({
    broker,
  }, _heard, channel) => {
    const set = async (expect: number, more: Partial<NewPublication> = {}): Promise<unknown> => {
      const { offset, skipped } = await broker.append(channel, value('a', 'x', { expect, ...more }), keep)
      return [offset, skipped]
    }
    equal(await set(0), [1, undefined])
    equal(await set(0), [1, 'conflict'])
    equal(await set(1), [2, undefined])
    equal(await set(1, { id: 'one' }), [2, 'conflict'])
    equal(await set(2, { id: 'one', removed: true }), [3, undefined])
    equal(await set(2, { id: 'one' }), [3, 'duplicate'])
    // A removed value is none.
    equal(await set(3), [0, 'conflict'])
    equal(await set(0), [4, undefined])
    equal((await broker.append(channel, value('b', 'x', { expect: 0 }), keep)).offset, 5)
  })

  test('[B15] a value that has expired is none', async (subject, _heard, channel) => {
    const { broker } = subject
    const short = { ...keep, ttl: 400 }
    const set = async (expect: number): Promise<unknown> => {
      const { offset, skipped } = await broker.append(channel, value('a', 'x', { expect }), short)
      return [offset, skipped]
    }
    equal(await set(0), [1, undefined])
    await subject.advance(600)
    equal(await set(1), [0, 'conflict'])
    equal(await set(0), [2, undefined])
  })

  test('[B15] of those that expect the same at once, one is stored', async ({ broker }, _heard, channel) => {
    const all = await Promise.all(
      Array.from({ length: 20 }, () => broker.append(channel, value('a', 'x', { expect: 0 }), keep)),
    )
    equal(all.filter(({ skipped }) => skipped === undefined).length, 1)
    equal((await broker.read(channel, everything, keep)).head.offset, 1)
  })
}

function presence(test: Test, equal: Equal): void {
  test('[B8] members enter, change and depart; each is told once', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.join(channel)
    await broker.enter(channel, member('a', 1))
    await broker.enter(channel, member('b', 2))
    await broker.enter(channel, member('a', 3, 'new'))
    equal(await broker.members(channel), [member('a', 1, 'new'), member('b', 2)])
    equal(await broker.count(channel), 2)
    await broker.depart(channel, 'a')
    await broker.depart(channel, 'a')
    await subject.settle()
    equal(await broker.members(channel), [member('b', 2)])
    const events = ['joined a', 'joined b', 'updated a', 'departed a']
    equal(
      heard.events,
      events.map((event) => `${channel} ${event}`),
    )
  })

  test('[B8] a member that enters again as it is tells nobody', async (subject, heard, channel) => {
    const { broker } = subject
    const binary = { ...member('b', 2), data: { codec: 'msgpack' as const, bytes: Uint8Array.of(1, 2) } }
    await broker.join(channel)
    await broker.enter(channel, member('a', 1))
    await broker.enter(channel, binary)
    await broker.enter(channel, member('a', 3))
    await broker.enter(channel, { ...binary, data: { codec: 'msgpack', bytes: Uint8Array.of(1, 2) } })
    await broker.enter(channel, { ...binary, data: { codec: 'msgpack', bytes: Uint8Array.of(1, 3) } })
    await subject.settle()
    const events = ['joined a', 'joined b', 'updated b']
    equal(
      heard.events,
      events.map((event) => `${channel} ${event}`),
    )
  })

  test('[B12] what an earlier connection of a session says is void', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.join(channel)
    await broker.enter(channel, { ...member('a', 1), generation: 1 })
    await broker.enter(channel, { ...member('a', 2), generation: 12 })
    await broker.enter(channel, { ...member('a', 3, 'late'), generation: 2 })
    await broker.depart(channel, 'a', 2)
    await broker.depart(channel, 'a')
    equal(await broker.members(channel), [member('a', 1)])
    await broker.enter(channel, { ...member('a', 4, 'new'), generation: 12 })
    await broker.depart(channel, 'a', 12)
    equal(await broker.members(channel), [])
    await subject.settle()
    const events = ['joined a', 'updated a', 'departed a']
    equal(
      heard.events,
      events.map((event) => `${channel} ${event}`),
    )
  })
}

function ephemerals(test: Test, equal: Equal): void {
  test('[B9] ephemeral messages reach joined channels only and leave no trace', async (subject, heard, channel) => {
    const { broker } = subject
    await broker.send(channel, { data: { codec: 'json', text: '1' } })
    await broker.join(channel)
    await broker.send(channel, { data: { codec: 'json', text: '2' } })
    await subject.settle()
    equal(heard.events, [`${channel} ephemeral`])
    equal((await broker.read(channel, { before: 99, limit: 9 }, KEEP)).head.offset, 0)
  })
}

function sessions(test: Test, equal: Equal): void {
  test('[B13] the secret is the first that was proposed', async ({ broker }) => {
    const secret = await broker.secret('one')
    equal(await broker.secret('another'), secret)
  })
}
