import type { Member } from '@millrace/protocol'
import type { StreamOptions } from '../hub/index.js'
import { type BrokerSubject, type Equal, Heard, item, type Runner, type Test } from './contract-parts.js'
import { stateContract } from './state-contract.js'

const KEEP: StreamOptions = { size: 100, ttl: 60_000 }
const member = (session: string, since: number, data: unknown = null): Member => ({
  session,
  since,
  data: { codec: 'json', text: JSON.stringify(data) },
})

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
  stateContract(test, equal)
  presence(test, equal)
  ephemerals(test, equal)
  sessions(test, equal)
}

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
