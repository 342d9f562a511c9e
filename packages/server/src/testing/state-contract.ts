/** What a broker does with streams that keep the newest publication of each key. */
import type { NewPublication, StreamOptions, StreamSlice } from '../hub/index.js'
import { type Equal, item, type Test } from './contract-parts.js'

const keep: StreamOptions = { size: 100, ttl: 60_000, latest: true }
const value = (key: string, text: string, more: Partial<NewPublication> = {}): NewPublication => ({
  ...item(text),
  key,
  ...more,
})
const shown = ({ publications }: StreamSlice): unknown =>
  publications.map(({ offset, prev, key, removed }) => [offset, prev ?? offset - 1, key, removed === true])
const everything = { since: { epoch: '', offset: 0 }, limit: 99 }

/** The rules [B14] and [B15]. */
export function stateContract(test: Test, equal: Equal): void {
  newestOfEachKey(test, equal)
  forgetting(test, equal)
  expectations(test, equal)
}

function newestOfEachKey(test: Test, equal: Equal): void {
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
}

function forgetting(test: Test, equal: Equal): void {
  test('[B14] a removal is kept like a value', async ({ broker }, _heard, channel) => {
    await broker.append(channel, value('a', 'a'), keep)
    await broker.append(channel, value('a', 'null', { removed: true }), keep)
    equal(shown(await broker.read(channel, everything, keep)), [[2, 0, 'a', true]])
  })

  test('[B14] a state keeps so many keys, and those for so long; its floor is its head when one was let go', async (subject, _heard, channel) => {
    const { broker } = subject
    // Where time is real, a busy machine may take half of it away.
    const few = { ...keep, size: 2, ttl: 3_000 }
    for (const key of ['a', 'b', 'a', 'c']) await broker.append(channel, value(key, key), few)
    const trimmed = await broker.read(channel, everything, few)
    equal(shown(trimmed), [
      [3, 0, 'a', false],
      [4, 3, 'c', false],
    ])
    equal(trimmed.floor, { offset: 4, reason: 'history-trimmed' })
    await subject.advance(1_700)
    await broker.append(channel, value('a', 'again'), few)
    await subject.advance(1_700)
    const expired = await broker.read(channel, everything, few)
    equal(shown(expired), [[5, 0, 'a', false]])
    equal([expired.floor, expired.head.offset], [{ offset: 5, reason: 'history-expired' }, 5])
  })
}

function expectations(test: Test, equal: Equal): void {
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
