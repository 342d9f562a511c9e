import { channel, defineApi, json, type MessageBodies } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { FakeClock, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'

const Quote = z.object({ symbol: z.union([z.string(), z.number()]), price: z.number() })
const api = defineApi({
  channels: {
    'quotes:{market}': channel({
      message: Quote,
      conflate: 'symbol',
      publish: 'anyone',
      history: { size: 4, ttl: '1m' },
    }),
    'cells:{sheet}': channel({
      message: z.object({ row: z.number(), column: z.number(), text: z.string() }),
      conflate: ({ row, column }) => `${row}/${column}`,
      publish: 'anyone',
      codec: 'msgpack',
    }),
    'chat:{room}': channel({ publish: 'anyone' }),
  },
})
/** Not MessagePack; the hub cannot tell. */
const msgpack = {
  encode: (value: unknown) => Buffer.from(JSON.stringify(value)),
  decode: (bytes: Uint8Array) => JSON.parse(Buffer.from(bytes).toString()),
}
const NYSE = 'quotes:nyse'

async function scene(limits = {}) {
  const clock = new FakeClock()
  const { hub } = testHub({ api, clock, codecs: { msgpack }, limits: { ...TEST_LIMITS, ...limits } })
  const join = async () => {
    const client = new TestClient(hub)
    await client.connect()
    return client
  }
  const quote = (symbol: string | number, price: number) =>
    hub.publish(NYSE, { symbol, price }).then(({ offset }) => offset)
  const author = await join()
  const subscribe = async (since?: number, client?: TestClient) => {
    const one = client ?? (await join())
    const position = since === undefined ? undefined : { epoch: 'epoch-1', offset: since }
    const reply = await one.ask('subscribe', { channel: NYSE, since: position })
    return reply.body as MessageBodies['subscribed']
  }
  return { clock, hub, join, quote, author, subscribe }
}

const shown = ({ publications = [] }: Pick<MessageBodies['subscribed'], 'publications'>) =>
  publications.map(({ offset, prev = offset - 1, key, removed }) => [offset, prev, key, removed ?? false])

describe('[H4.10] a state channel', () => {
  it('[P5.19] [P5.20] brings the newest value of each key to who subscribes, and then what changes', async () => {
    const { quote, join, subscribe } = await scene()
    await quote('a', 1)
    await quote(7, 2)
    await quote('a', 3)
    const client = await join()
    expect(await subscribe(undefined, client)).toMatchObject({
      position: { offset: 3 },
      ttl: 60_000,
      snapshot: true,
      publications: [
        { offset: 2, prev: 0, key: '7' },
        { offset: 3, key: 'a', data: json({ symbol: 'a', price: 3 }) },
      ],
    })
    await quote('a', 4)
    expect(client.of('publication')).toMatchObject([
      { offset: 4, key: 'a', data: json({ symbol: 'a', price: 4 }) },
    ])
  })

  it('[P5.20] brings what changed since a position, its chain closed, and no gap', async () => {
    const { quote, subscribe } = await scene()
    for (const symbol of ['a', 'b', 'a', 'c', 'b', 'b']) await quote(symbol, 1)
    const since2 = await subscribe(2)
    expect(shown(since2)).toEqual([
      [3, 2, 'a', false],
      [4, 3, 'c', false],
      [6, 4, 'b', false],
    ])
    expect(since2).toMatchObject({ recovered: true, position: { offset: 6 } })
    expect([since2.gap, since2.snapshot]).toEqual([undefined, undefined])
    expect(shown(await subscribe(6))).toEqual([])
  })

  it('[P5.20] brings all of it to who may know of keys that are gone, or knows another stream', async () => {
    const { clock, quote, subscribe } = await scene()
    await quote('a', 1)
    await clock.advance(40_000)
    for (const symbol of ['b', 'c']) await quote(symbol, 1)
    await clock.advance(30_000)
    const late = await subscribe(3)
    expect([shown(late), late.snapshot, late.recovered]).toEqual([
      [
        [2, 0, 'b', false],
        [3, 2, 'c', false],
      ],
      true,
      true,
    ])
    expect((await subscribe(99)).snapshot).toBe(true)
    await quote('c', 2)
    expect(await subscribe(3)).toMatchObject({ snapshot: true })
    expect(shown(await subscribe(4))).toEqual([])
  })

  it('[P5.19] takes values away: who was away hears of it, who is new hears nothing', async () => {
    const { hub, quote, author, subscribe } = await scene()
    for (const symbol of ['a', 'b', 'c']) await quote(symbol, 1)
    const reply = await author.ask('publish', { channel: NYSE, remove: 'b', data: json(null) })
    expect(reply.body).toMatchObject({ position: { offset: 4 } })
    expect(shown(await subscribe(3))).toEqual([[4, 3, 'b', true]])
    expect(shown(await subscribe())).toEqual([
      [1, 0, 'a', false],
      [3, 1, 'c', false],
    ])
    await hub.publish(NYSE, undefined, { remove: 'a' })
    await quote('d', 1)
    expect(shown(await subscribe())).toEqual([
      [3, 0, 'c', false],
      [6, 3, 'd', false],
    ])
  })

  it('[P5.19] stores what expects the value there is, and nothing else', async () => {
    const { hub, author } = await scene()
    const set = (price: number, expected: number) =>
      author.ask('publish', { channel: NYSE, expect: expected, data: json({ symbol: 'a', price }) })
    expect((await set(1, 0)).body).toMatchObject({ position: { offset: 1 } })
    expect((await set(2, 0)).body).toMatchObject({ code: 120, field: 'expect' })
    expect((await set(2, 1)).body).toMatchObject({ position: { offset: 2 } })
    await expect(hub.publish(NYSE, { symbol: 'a', price: 3 }, { expect: 1 })).rejects.toMatchObject({
      kind: 'conflict',
    })
    await expect(hub.publish(NYSE, null, { remove: 'a', expect: 2 })).resolves.toMatchObject({ offset: 3 })
  })

  it('[P5.19] refuses what has no key, one that is too long, and elsewhere what only a state channel has', async () => {
    const { author } = await scene()
    const publish = async (channel: string, body: object) =>
      (await author.ask('publish', { channel, ...body } as never)).body
    expect(await publish(NYSE, { data: json({ symbol: '', price: 1 }) })).toMatchObject({
      code: 111,
      field: 'data.symbol',
    })
    expect(await publish(NYSE, { data: json({ symbol: 'x'.repeat(256), price: 1 }) })).toMatchObject({
      code: 111,
      field: 'data.symbol',
    })
    expect(await publish(NYSE, { remove: '', data: json(null) })).toMatchObject({
      code: 111,
      field: 'remove',
    })
    expect(await publish('chat:a', { remove: 'a', data: json(null) })).toMatchObject({
      code: 116,
      field: 'remove',
    })
    expect(await publish('chat:a', { expect: 0, data: json(1) })).toMatchObject({
      code: 116,
      field: 'expect',
    })
  })

  it('takes its key from a function of the message, in any codec', async () => {
    const { hub, join } = await scene()
    await hub.publish('cells:1', { row: 1, column: 2, text: 'a' })
    await hub.publish('cells:1', { row: 1, column: 2, text: 'b' })
    const client = await join()
    const { body } = await client.ask('subscribe', { channel: 'cells:1' })
    expect(shown(body as never)).toEqual([[2, 0, '1/2', false]])
  })

  it('[H4.7] brings a large state in portions, each going on from the one before', async () => {
    const { quote, join, subscribe } = await scene({ recovery: 300 })
    for (const symbol of ['a', 'b', 'c', 'd']) await quote(symbol, 1)
    await quote('b', 2)
    const client = await join()
    const first = await subscribe(undefined, client)
    expect([shown(first), first.more]).toEqual([
      [
        [1, 0, 'a', false],
        [3, 1, 'c', false],
      ],
      true,
    ])
    const { body } = await client.ask('history', { channel: NYSE, since: { epoch: 'epoch-1', offset: 3 } })
    expect(body).not.toHaveProperty('gap')
    expect(shown(body as never)).toEqual([
      [4, 3, 'd', false],
      [5, 4, 'b', false],
    ])
  })

  it('brings what its subscriber published itself and did not want back: it is part of the state', async () => {
    const { author, subscribe } = await scene()
    await author.ask('publish', { channel: NYSE, excludeSelf: true, data: json({ symbol: 'a', price: 1 }) })
    expect(shown(await subscribe(undefined, author))).toEqual([[1, 0, 'a', false]])
  })
})
