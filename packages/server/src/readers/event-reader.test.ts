import { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { offsets, range, readersWorld } from '../../test/readers-world.js'
import { SharedBroker, settle } from '../testing/index.js'

const large = 'x'.repeat(10_000)

describe('events', () => {
  it('[P9.6] are publications: an id, and the payload as it is', async () => {
    const w = readersWorld()
    const stream = w.follow('news:a')
    await settle()
    await w.hub.publish('news:a', { text: 'grüße 👋', lines: 'a\nb\r\u2028' })
    await w.hub.publish('news:a', null)
    await settle()
    expect(stream.text.split('\n\n').slice(2, -1)).toEqual([
      'data: {"text":"grüße 👋","lines":"a\\nb\\r\u2028"}\nid: epoch-1:1',
      'data: null\nid: epoch-1:2',
    ])
  })

  it('[P9.6] have bytes in base64, with their codec', async () => {
    const w = readersWorld()
    await w.hub.publish('bytes:a', Uint8Array.of(1, 2, 255))
    const stream = w.follow('bytes:a?history=9')
    await settle()
    await w.hub.publish('bytes:a', Uint8Array.of())
    expect(stream.events().slice(1)).toEqual([
      { id: 'epoch-1:1', data: '{"codec":"raw","data":"AQL/"}' },
      { id: 'epoch-1:2', data: '{"codec":"raw","data":""}' },
    ])
  })

  it('[P9.7] begin with where the reader stands, before anything is published', async () => {
    const w = readersWorld()
    const stream = w.follow('news:a')
    await settle()
    expect(stream.events()).toEqual([{ retry: expect.stringMatching(/^\d{4}$/) }, { id: 'epoch-1:0' }])
  })

  it('[P9.7] begin after a position, with the newest, or with what comes next', async () => {
    const w = readersWorld()
    await w.publish('news:a', 9)
    const streams = [
      w.follow('news:a?since=epoch-1:6'),
      w.follow('news:a', { 'last-event-id': 'epoch-1:8' }),
      w.follow('news:a?since=epoch-1:1', { 'last-event-id': 'epoch-1:9' }),
      w.follow('news:a?history=2', { 'last-event-id': 'epoch-1:4' }),
      w.follow('news:a?history=2'),
      w.follow('news:a?history=0'),
      w.follow('news:a'),
    ]
    await settle()
    await w.publish('news:a', 1, 10)
    expect(streams.map(offsets)).toEqual([range(7, 10), [9, 10], [10], range(5, 10), [8, 9, 10], [10], [10]])
  })

  it('[P9.7] after a cut bring the rest in order and once, wherever it was', async () => {
    const w = readersWorld()
    const heard: number[] = []
    let last: string | undefined
    for (let round = 0; round < 30; round++) {
      const stream = w.follow('news:a', last === undefined ? {} : { 'last-event-id': last })
      await settle()
      await w.publish('news:a', round % 4, 1)
      last = [...stream.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? last
      heard.push(...offsets(stream))
      stream.gone()
      await w.publish('news:a', round % 3, 1)
    }
    const stream = w.follow('news:a', { 'last-event-id': last })
    await settle()
    heard.push(...offsets(stream))
    expect(heard).toEqual(range(1, heard.length))
    expect(heard.length).toBe((await w.hub.history('news:a', { before: 1e6, limit: 1 })).position.offset)
  })

  it('[P9.8] tell once what is lost', async () => {
    const w = readersWorld()
    await w.publish('short:a', 5)
    const stream = w.follow('short:a', { 'last-event-id': 'epoch-1:1' })
    await settle()
    const [, gap, ...events] = stream.events()
    expect(gap).toEqual({
      id: 'epoch-1:2',
      event: 'gap',
      data: '{"from":"epoch-1:1","to":"epoch-1:2","reason":"history-trimmed"}',
    })
    expect(events.map(({ id }) => id)).toEqual(['epoch-1:3', 'epoch-1:4', 'epoch-1:5'])
    for (const id of ['epoch-1:2', 'epoch-1:4']) {
      const again = w.follow('short:a', { 'last-event-id': id })
      await settle()
      expect(again.text).not.toContain('gap')
    }
  })

  it.each([
    ['old:3', 'old:3', 'epoch-1:0', 'epoch-changed', range(1, 2)],
    ['epoch-1:9', 'epoch-1:9', 'epoch-1:2', 'unknown-position', []],
  ])('[P9.8] from %s is a gap', async (since, from, to, reason, rest) => {
    const w = readersWorld()
    await w.publish('news:a', 2)
    const stream = w.follow(`news:a?since=${since}`)
    await settle()
    const text = stream.text
    expect(text).toContain(`event: gap\ndata: ${JSON.stringify({ from, to, reason })}\nid: ${to}\n\n`)
    expect(offsets(stream)).toEqual(rest)
  })

  it('[P9.8] go on in another epoch behind a gap when the store was wiped', async () => {
    const shared = new SharedBroker(readersWorld().clock)
    const w = readersWorld({ broker: shared.node(), clock: shared.clock })
    const stream = w.follow('news:a')
    await settle()
    await w.publish('news:a', 2)
    shared.wipe()
    await settle()
    await w.publish('news:a', 1)
    await w.clock.advance(6_000)
    expect(stream.events().slice(2)).toEqual([
      { id: 'epoch-1:1', data: '{"n":1}' },
      { id: 'epoch-1:2', data: '{"n":2}' },
      expect.objectContaining({ id: expect.stringMatching(/^epoch-2:/), event: 'gap' }),
      { id: 'epoch-2:1', data: '{"n":1}' },
    ])
  })

  it('[H3.1] are written once for all readers', async () => {
    const w = readersWorld()
    const streams = Array.from({ length: 5 }, () => w.follow('news:a'))
    await settle()
    let writings = 0
    const data = { toJSON: () => `written ${++writings} times` }
    await w.hub.publish('news:a', data)
    await settle()
    for (const stream of streams) expect(stream.events().at(-1)?.['data']).toBe('"written 1 times"')
  })
})

describe('how it ends', () => {
  it('[P9.9] comments go out at the heartbeat, and who takes them stays', async () => {
    const w = readersWorld()
    const stream = w.follow('news:a')
    await w.clock.advance(61_000)
    expect([stream.text.match(/^: ping\n\n/gm)?.length, stream.state]).toEqual([6, 'open'])
  })

  it('[P9.9] [P9.10] who takes nothing is cut within the time of an answer', async () => {
    const w = readersWorld()
    const stream = w.follow('news:a')
    await w.clock.advance(9_000)
    stream.isQuick = false
    await w.clock.advance(5_000)
    expect([stream.text.includes(': ping'), stream.state]).toEqual([true, 'open'])
    await w.clock.advance(2_000)
    expect([stream.state, w.hub.readers.size, stream.text.includes('close')]).toEqual(['cut', 0, false])
  })

  it('[P9.10] who reads too slowly is cut, and only that one', async () => {
    const w = readersWorld({}, 20_000)
    const [slow, quick] = [w.follow('news:a'), w.follow('news:a')]
    await settle()
    slow.isQuick = false
    for (let n = 1; n <= 4; n++) await w.hub.publish('news:a', { large })
    await settle()
    expect([slow.state, quick.state, w.hub.readers.size]).toEqual(['cut', 'open', 1])
    const last = [...slow.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1]
    const back = w.follow('news:a', { 'last-event-id': last })
    await settle()
    expect([...offsets(slow), ...offsets(back)]).toEqual([1, 2, 3, 4])
  })

  it('[P9.10] a node that goes away says so, and spreads who comes back', async () => {
    const w = readersWorld()
    const streams = Array.from({ length: 100 }, () => w.follow('news:a'))
    await settle()
    for (const stream of streams) stream.events()
    await w.hub.close(10_000)
    await settle()
    const times = streams.map((stream) => {
      const [{ retry } = {}, close] = stream.events()
      expect([stream.state, close]).toEqual([
        'ended',
        { event: 'close', data: '{"code":4000,"name":"shutdown","message":"The node is going away"}' },
      ])
      return Number(retry)
    })
    expect([Math.min(...times) >= 1000, Math.max(...times) <= 11_000]).toEqual([true, true])
    for (let tenth = 1000; tenth < 11_000; tenth += 1000)
      expect(times.filter((time) => time >= tenth && time < tenth + 1000).length).toBeGreaterThan(7)
    const late = w.follow('news:a')
    await settle()
    expect(late.answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
  })

  it('[P9.10] [P9.17] who is put out of the channel, or disconnected, is told why', async () => {
    const w = readersWorld({ authenticate: ({ token }) => ({ id: String(token) }) })
    const out = w.follow('news:a', { authorization: 'Bearer ann' })
    const gone = w.follow('news:a', { authorization: 'Bearer bob' })
    await settle()
    for (const stream of [out, gone]) stream.events()
    const [ann] = w.hub.readers.ofUser('ann')
    const [bob] = w.hub.readers.ofUser('bob')
    if (ann === undefined || bob === undefined) throw new Error('no sessions')
    await w.hub.unsubscribe(ann, 'news:a', new MillraceError('disconnected', { message: 'Not any more' }))
    bob.close('disconnected', 'Bye')
    await settle()
    expect([out, gone].map((stream) => [stream.state, stream.events().at(-1)])).toEqual([
      ['ended', { event: 'close', data: '{"code":4502,"name":"disconnected","message":"Not any more"}' }],
      ['ended', { event: 'close', data: '{"code":4502,"name":"disconnected","message":"Bye"}' }],
    ])
    expect([w.hub.readers.size, w.hub.size]).toEqual([0, 0])
  })

  it('a reader that goes leaves nothing behind', async () => {
    const w = readersWorld()
    const early = w.follow('news:a')
    early.gone()
    const late = w.follow('news:a')
    await settle()
    late.gone()
    await settle()
    await w.publish('news:a', 1)
    expect([w.hub.size, w.hub.readers.size, offsets(early), offsets(late)]).toEqual([0, 0, [], []])
  })

  it('is told nothing after it has gone, at whatever moment', async () => {
    for (let moment = 0; moment < 40; moment++) {
      const w = readersWorld()
      const stream = w.follow('news:a')
      for (let i = 0; i < moment; i++) await Promise.resolve()
      stream.gone()
      const { text } = stream
      await settle()
      expect([moment, stream.text, stream.answer, w.hub.size]).toEqual([moment, text, undefined, 0])
    }
  })
})

describe('who may not', () => {
  it.each([
    ['no token', {}, 401, { 'www-authenticate': 'Bearer' }],
    [
      'a wrong token',
      { authorization: 'Bearer x' },
      401,
      { 'www-authenticate': 'Bearer error="invalid_token"' },
    ],
  ])('[P9.3] [P9.5] with %s is answered 401', async (_, headers, status, expected) => {
    const w = readersWorld({ authenticate: () => null })
    const stream = w.follow('news:a', { ...headers, accept: 'text/event-stream' })
    await settle()
    expect(stream.answer).toMatchObject({ status, headers: { ...expected, 'cache-control': 'no-store' } })
    expect(JSON.parse(stream.answer?.body ?? '')).toMatchObject({ code: 105, name: 'unauthenticated' })
    expect([stream.text, w.hub.size]).toEqual(['', 0])
  })

  it('[P9.3] the hook sees the headers, cookies among them', async () => {
    const seen: unknown[] = []
    const w = readersWorld({
      authenticate: ({ token, headers, remoteAddress }) => {
        seen.push([token, headers['cookie'], remoteAddress])
        return { id: 'ann' }
      },
    })
    w.follow('news:a', { cookie: 'session=7' })
    w.follow('news:a', { authorization: 'Bearer t' })
    await settle()
    expect(seen).toEqual([
      [undefined, 'session=7', '192.0.2.1'],
      ['t', undefined, '192.0.2.1'],
    ])
  })

  it('[P9.4] following needs subscribe, and the past history', async () => {
    const w = readersWorld()
    w.hub.policy.authorize('news:{topic}', ({ action }) => action === 'subscribe')
    w.hub.policy.authorize('short:{topic}', () => false)
    const [live, past, none] = [w.follow('news:a'), w.follow('news:a?history=1'), w.follow('short:a')]
    await settle()
    expect(live.answer).toBeUndefined()
    expect([past, none].map(({ answer }) => answer?.status)).toEqual([403, 403])
    expect(w.hub.size).toBe(1)
    const back = w.follow('news:a?history=1', { 'last-event-id': 'epoch-1:0' })
    await settle()
    expect(back.answer).toBeUndefined()
  })

  it.each([
    ['nowhere:a', 404, 'unknown-channel'],
    ['news', 400, 'invalid-channel'],
    ['news:a%20b', 400, 'invalid-channel'],
    ['', 400, 'invalid-channel'],
  ])('[P9.5] of the channel %j is answered %i', async (name, status, kind) => {
    const w = readersWorld()
    const stream = w.follow(name)
    await settle()
    expect([stream.answer?.status, JSON.parse(stream.answer?.body ?? '')]).toEqual([
      status,
      expect.objectContaining({ name: kind, field: 'channel' }),
    ])
  })

  it('[P9.11] EventSource is not sent away for good by what passes', async () => {
    const shared = new SharedBroker(readersWorld().clock)
    const node = shared.node()
    const w = readersWorld({ broker: node, clock: shared.clock })
    await settle()
    node.isAway = true
    const plain = w.follow('news:a')
    const source = w.follow('news:a', { accept: 'text/event-stream' })
    await settle()
    expect(plain.answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect([source.answer, source.state, source.events()]).toEqual([
      undefined,
      'ended',
      [
        { retry: expect.stringMatching(/^[12]\d{3}$/) },
        { event: 'close', data: expect.stringContaining('"name":"unavailable"') },
      ],
    ])
  })

  it('[H1.3] a fault of the server’s own is told as such, and no more', async () => {
    const w = readersWorld()
    w.hub.policy.authorize('news:{topic}', () => {
      throw new Error('the database password is wrong')
    })
    const stream = w.follow('news:a')
    await settle()
    expect([stream.answer?.status, stream.answer?.body]).toEqual([
      500,
      '{"code":200,"name":"internal-error","message":"Internal error"}\n',
    ])
  })
})

describe('[P9.12] the state of a state channel', () => {
  const price = (symbol: string, value: number) => ({ symbol, value })

  it('is told whole, then as it changes', async () => {
    const w = readersWorld()
    await w.hub.publish('prices:x', price('a', 1))
    await w.hub.publish('prices:x', price('b', 1))
    await w.hub.publish('prices:x', price('a', 2))
    const stream = w.follow('prices:x')
    await settle()
    await w.hub.publish('prices:x', null, { remove: 'b' })
    await settle()
    expect(stream.events().slice(1)).toEqual([
      { event: 'snapshot', data: '{"position":"epoch-1:3"}' },
      { id: 'epoch-1:2', data: '{"symbol":"b","value":1}' },
      { id: 'epoch-1:3', data: '{"symbol":"a","value":2}' },
      { id: 'epoch-1:4', event: 'removed', data: '{"key":"b"}' },
    ])
  })

  it('is read to its end once, however large it is and whatever was let go', async () => {
    const w = readersWorld()
    for (let n = 0; n < 60; n++) await w.hub.publish('prices:x', { symbol: `s${n}`, large })
    const first = w.follow('prices:x')
    for (let turn = 0; turn < 20; turn++) await settle()
    const told = first.events()
    expect(told.filter(({ event }) => event === 'snapshot')).toHaveLength(1)
    expect(told.filter(({ event, data }) => event === undefined && data !== undefined)).toHaveLength(50)
    await w.hub.publish('prices:x', price('s59', 1))
    expect(first.events()).toEqual([{ id: 'epoch-1:61', data: '{"symbol":"s59","value":1}' }])
  })
})
