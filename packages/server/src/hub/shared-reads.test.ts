import { channel, defineApi, json } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, settle, TestClient, testHub } from '../testing/index.js'
import type { StreamSlice } from './broker-ports.js'
import { SharedReads, type Wanted } from './shared-reads.js'
import type { Topic } from './topic.js'
import { TopicStream } from './topic-stream.js'

const api = defineApi({ channels: { 'news:{topic}': channel({ publish: 'anyone' }) } })
const EPOCH = 'e1'
const at = (offset: number, epoch = EPOCH) => ({ epoch, offset })
const since = (offset: number, epoch = EPOCH): Wanted => ({ since: at(offset, epoch) })
const publications = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => ({
    offset: from + i,
    time: 1,
    data: { codec: 'json' as const, text: `${from + i}` },
  }))
const slice = (from: number, head: number, more: Partial<StreamSlice> = {}): StreamSlice => ({
  head: at(head),
  publications: publications(from, head),
  more: false,
  ...more,
})
const offsets = ({ publications }: StreamSlice) => publications.map(({ offset }) => offset)

/** Reads that the test answers. */
function world() {
  const clock = new FakeClock()
  const asked: { wanted: Wanted; answer(slice: StreamSlice): void; fail(error: Error): void }[] = []
  const readWanted = (wanted: Wanted): Promise<StreamSlice> =>
    new Promise((answer, fail) => {
      asked.push({ wanted, answer, fail })
    })
  const reads = new SharedReads({ readWanted }, clock)
  /** Reads and answers, so that the answer is there for others. */
  const first = async (wanted: Wanted, answer: StreamSlice) => {
    const read = reads.read(wanted, undefined)
    asked.at(-1)?.answer(answer)
    await read
  }
  return { clock, asked, reads, first }
}

describe('[H4.9] what one has read', () => {
  it('does for all who ask for the same meanwhile, and for a second after', async () => {
    const { asked, reads, clock } = world()
    const five = Promise.all(Array.from({ length: 5 }, () => reads.read(since(2), at(4))))
    expect(asked).toHaveLength(1)
    asked[0]?.answer(slice(3, 4))
    const [one, two] = await five
    expect(offsets(one as StreamSlice)).toEqual([3, 4])
    expect(two).toBe(one)
    await clock.advance(999)
    expect(await reads.read(since(2), at(4))).toBe(one)
    await clock.advance(1)
    void reads.read(since(2), at(4))
    expect(asked).toHaveLength(2)
  })

  it('does for who wants less of it, and who wants the same part gets the same', async () => {
    const { asked, reads, first } = world()
    await first(since(2), slice(3, 9))
    const part = await reads.read(since(5), at(9))
    expect(offsets(part)).toEqual([6, 7, 8, 9])
    expect(await reads.read(since(5), at(9))).toBe(part)
    expect(offsets(await reads.read(since(9), at(9)))).toEqual([])
    expect(offsets(await reads.read({ newest: 3 }, at(9)))).toEqual([7, 8, 9])
    expect(offsets(await reads.read({ newest: 0 }, at(9)))).toEqual([])
    expect(asked).toHaveLength(1)
  })

  it.each<[string, Wanted, StreamSlice, Wanted, number | undefined]>([
    ['what follows an earlier position', since(5), slice(6, 9), since(4), 9],
    ['more of the newest', since(5), slice(6, 9), { newest: 5 }, 9],
    ['what follows, where only the newest were read', { newest: 2 }, slice(8, 9), since(6), 9],
    ['what follows a position beyond its end, where others are ahead', since(5), slice(6, 9), since(10), 9],
    ['what came since, where the feed stands further on', since(5), slice(6, 9), since(5), 10],
    ['all there is, of another epoch', since(5), slice(6, 9), since(3, 'e0'), 9],
    ['what follows a later epoch', since(0), slice(1, 9), since(3, 'e2'), 9],
    ['what follows a later epoch, though it was all of it', since(3, 'e0'), slice(1, 9), since(3, 'e2'), 9],
  ])('does not do for %s', async (_, before, answer, wanted, joined) => {
    const { asked, reads, first } = world()
    await first(before, answer)
    void reads.read(wanted, joined === undefined ? undefined : at(joined))
    await settle()
    expect(asked.map((one) => one.wanted)).toEqual([before, wanted])
  })

  it('is all there is when less was there than was asked for, or it was asked for from another epoch', async () => {
    for (const before of [{ newest: 5 }, since(40, 'e0'), since(0), since(99)]) {
      const { asked, reads, first } = world()
      await first(before, slice(1, 4))
      expect(offsets(await reads.read(since(1), at(4)))).toEqual([2, 3, 4])
      expect(offsets(await reads.read({ newest: 50 }, at(4)))).toEqual([1, 2, 3, 4])
      expect(asked).toHaveLength(1)
    }
  })

  it('does for all who come from the same other epoch', async () => {
    const { asked, reads, first } = world()
    await first(since(40, 'e0'), slice(1, 4))
    expect(offsets(await reads.read(since(7, 'e0'), at(4)))).toEqual([1, 2, 3, 4])
    expect(asked).toHaveLength(1)
  })

  it('is not for a feed in another epoch', async () => {
    const { asked, reads, first } = world()
    await first(since(2), slice(3, 4))
    void reads.read(since(2), at(1, 'e2'))
    await settle()
    expect(asked).toHaveLength(2)
  })

  it('is for who asked alone where the limit cut off its end', async () => {
    const { asked, reads, first } = world()
    await first(since(2), slice(3, 9, { more: true }))
    void reads.read(since(2), at(9))
    await settle()
    expect(asked).toHaveLength(2)
  })

  it('fails for all who waited for it, and is read anew by the next', async () => {
    const { asked, reads } = world()
    const both = Promise.allSettled([reads.read(since(2), at(4)), reads.read(since(3), at(4))])
    asked[0]?.fail(new Error('broken'))
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    void reads.read(since(2), at(4))
    expect(asked).toHaveLength(2)
  })

  it('is forgotten when it may be out of date', async () => {
    const { asked, reads, first, clock } = world()
    await first(since(2), slice(3, 4))
    expect(clock.pending).toBe(1)
    reads.forget()
    expect(clock.pending).toBe(0)
    void reads.read(since(2), at(4))
    expect(asked).toHaveLength(2)
  })

  it('is not kept longer than a second where it holds anything, and has no timer where it does not', async () => {
    const { asked, first, clock } = world()
    await first(since(4), slice(5, 4))
    expect(clock.pending).toBe(0)
    await clock.advance(1000)
    await first(since(2), slice(3, 4))
    expect([asked.length, clock.pending]).toEqual([2, 1])
    await clock.advance(1000)
    expect(clock.pending).toBe(0)
  })

  it('is what anybody would have read by itself, whatever was published and read before', async () => {
    const wanted = fc.oneof(
      fc.record({
        since: fc.record({ epoch: fc.constantFrom('epoch-1', 'old'), offset: fc.nat({ max: 14 }) }),
      }),
      fc.record({ newest: fc.nat({ max: 6 }) }),
    )
    const step = fc.oneof(
      fc.record({ is: fc.constant('publish' as const) }),
      fc.record({ is: fc.constant('read' as const), wanted, joined: fc.boolean() }),
      fc.record({ is: fc.constant('wait' as const), ms: fc.nat({ max: 700 }) }),
    )
    const keeping = { size: 5, ttl: 600_000 }
    const topic = {
      name: 'c',
      resolved: { pattern: 'c', params: {}, definition: { history: { size: 5, ttl: '10m' } } },
    } as unknown as Topic
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const clock = new FakeClock()
        const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
        const source = new TopicStream({ streams: broker, clock, logger: console }, topic)
        const reads = new SharedReads(source, clock)
        const direct = (one: Wanted) =>
          broker.read(
            'c',
            'since' in one
              ? { since: one.since, limit: keeping.size }
              : { before: Number.MAX_SAFE_INTEGER, limit: one.newest },
            keeping,
          )
        for (const one of steps) {
          if (one.is === 'publish') await broker.append('c', { data: { codec: 'json', text: '1' } }, keeping)
          else if (one.is === 'wait') await clock.advance(one.ms)
          else {
            const { head } = await direct({ newest: 0 })
            const [{ head: h1, floor: f1, publications: p1 }, { head: h2, floor: f2, publications: p2 }] = [
              await reads.read(one.wanted, head),
              await direct(one.wanted),
            ]
            expect([h1, f1, p1]).toEqual([h2, f2, p2])
          }
        }
      }),
    )
  })
})

describe('many who come back at once', () => {
  it('[H4.9] read the stream once, and each gets what is for it', async () => {
    const broker = new MemoryBroker({ clock: new FakeClock(), epoch: 'epoch-1' })
    const { hub } = testHub({ broker, api })
    let reads = 0
    const read = broker.read.bind(broker)
    broker.read = (...args) => {
      reads++
      return read(...args)
    }
    const clients = Array.from({ length: 50 }, () => new TestClient(hub))
    for (const client of clients) await client.connect()
    const [author, ...others] = clients as [TestClient, ...TestClient[]]
    await author.ask('publish', { channel: 'news:1', data: json(1), excludeSelf: true })
    await author.ask('publish', { channel: 'news:1', data: json(2) })
    for (const client of clients)
      client.say('subscribe', { channel: 'news:1', since: { epoch: 'epoch-1', offset: 0 } })
    await settle()
    const got = (client: TestClient) => client.of('subscribed')[0]?.publications?.map(({ data }) => data)
    expect(got(author)).toEqual([json(2)])
    for (const client of others) expect(got(client)).toEqual([json(1), json(2)])
    expect(reads).toBe(1)
  })

  it('[H4.7] are told that there is more where another node keeps more than this one reads', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const { hub } = testHub({ broker, clock, api })
    const keeping = { size: 1000, ttl: 600_000 }
    for (let i = 0; i < 300; i++)
      await broker.append('news:1', { data: { codec: 'json', text: '1' } }, keeping)
    const client = new TestClient(hub)
    await client.connect()
    await client.ask('subscribe', { channel: 'news:1', since: { epoch: 'epoch-1', offset: 10 } })
    const [subscribed] = client.of('subscribed')
    expect(subscribed).toMatchObject({ position: { offset: 300 }, recovered: true, more: true })
    expect(subscribed?.publications?.map(({ offset }) => offset)).toHaveLength(256)
  })
})
