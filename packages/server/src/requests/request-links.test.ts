import { CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import {
  answered,
  ask,
  connect,
  FakeStream,
  frame,
  heard,
  PollClient,
  ping,
  type RequestNode,
  RequestWorld,
  StreamClient,
  told,
} from '../../test/requests-world.js'
import { push } from '../hub/outgoing.js'
import { TEST_LIMITS as LIMITS } from '../testing/index.js'

async function one(options: Parameters<RequestWorld['node']>[1] = {}) {
  const world = new RequestWorld()
  const node = await world.node('n', options)
  return { world, clock: world.clock, node }
}
const NOBODY = () => ({ headers: {}, remoteAddress: '' })
/** The one session there is. */
function sessionOf({ hub }: RequestNode) {
  const [session, ...others] = hub.directory.all()
  if (session === undefined || others.length > 0) throw new Error('There should be one session')
  return session
}
const publish = (text: string): string =>
  frame('publish', { channel: 'a:b', data: { codec: 'json', value: text } })

describe('[P8.4] a connection by polling', () => {
  it('is opened by a request with nothing else in it, and named', async () => {
    const { node } = await one()
    const { status, body } = await answered(node, 'poll', '{}')
    expect([status, told(body)]).toEqual([200, ['open']])
    expect(heard(body)[0]?.data['link']).toMatch(/^n\../)
    expect(node.hub.size).toBe(1)
    const frames = [connect(), frame('subscribe', { channel: 'a:b' })]
    const first = await answered(node, 'poll', { link: String(heard(body)[0]?.data['link']), seq: 1, frames })
    expect(told(first.body)).toEqual(['1 connected', '2 subscribed'])
  })

  it('answers when there is something to tell: at once, or as soon as there is', async () => {
    const { node, clock } = await one()
    const client = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    const asked = client.poll(node)
    await clock.advance(3000)
    expect(asked.answer).toBeUndefined()
    await node.hub.publish('a:b', 1)
    await node.hub.publish('a:b', 2)
    await node.clock.advance(0)
    expect(told(asked.answer?.body ?? '')).toEqual(['3 publication', '4 publication'])
  })

  it('is held for 25 seconds at most, or for as long as its client says, and then answered empty', async () => {
    const { node, clock } = await one({ limits: { ...LIMITS, heartbeat: 60_000 } })
    const client = await PollClient.open(node)
    for (const [wait, held] of [
      [undefined, 25_000],
      [60_000, 25_000],
      [1200, 1200],
      [0, 0],
    ] as const) {
      const asked = client.poll(node, [], wait)
      await clock.advance(held - 1)
      expect(asked.answer).toBeUndefined()
      await clock.advance(1)
      expect(asked.answer).toEqual({ status: 200, body: '' })
    }
  })

  it('waits for nothing with wait 0, but tells what there is', async () => {
    const { node, clock } = await one()
    const client = await PollClient.open(node)
    const asked = client.poll(node, [ping()], 0)
    await clock.advance(0)
    expect(told(asked.answer?.body ?? '')).toEqual(['2 pong'])
  })

  it('tells again what is not acknowledged, and not what is', async () => {
    const { node } = await one()
    const client = await PollClient.open(node)
    const lost = await answered(node, 'poll', { link: client.link, seq: 2, ack: 1, frames: [ping(), ping()] })
    expect(told(lost.body)).toEqual(['2 pong', '3 pong'])
    const again = await answered(node, 'poll', { link: client.link, ack: 1 })
    expect(again.body).toBe(lost.body)
    const some = await answered(node, 'poll', { link: client.link, seq: 4, ack: 2, frames: [ping()] })
    expect(told(some.body)).toEqual(['3 pong', '4 pong'])
    // An acknowledgement of the past, or of what was never sent, changes nothing.
    for (const ack of [0, 2])
      expect((await answered(node, 'poll', { link: client.link, ack })).body).toBe(some.body)
    const idle = ask(node, 'poll', { link: client.link, ack: 4_000 })
    await node.clock.advance(0)
    expect(idle.answer).toBeUndefined()
    await answered(node, 'send', { link: client.link, seq: 5, frames: [ping()] })
    await node.clock.advance(0)
    expect(told(idle.answer?.body ?? '')).toEqual(['5 pong'])
  })

  it('answers the earlier of two polls empty, and the later with what comes', async () => {
    const { node } = await one()
    const client = await PollClient.open(node)
    const [earlier, later] = [client.poll(node), client.poll(node)]
    await node.clock.advance(0)
    expect(earlier.answer).toEqual({ status: 200, body: '' })
    await client.send(node, [ping()])
    expect(told(later.answer?.body ?? '')).toEqual(['2 pong'])
  })

  it('is answered in parts where there is much, so that a slow link has something to acknowledge', async () => {
    const { node } = await one()
    const client = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    for (let count = 0; count < 14; count++) await node.hub.publish('a:b', 'x'.repeat(50_000))
    const parts = [await client.polled(node), await client.polled(node), await client.polled(node)]
    const publications = parts.map((part) => part.filter((what) => what.endsWith('publication')).length)
    expect(publications).toEqual([6, 6, 2])
  })

  it('hears its end with what was said before it, again and again until it is forgotten', async () => {
    const { node, clock } = await one()
    const client = await PollClient.open(node)
    const waiting = client.poll(node)
    sessionOf(node).send(push('disconnect', { code: 4502, reason: 'Bye' }))
    sessionOf(node).close('disconnected', 'Bye')
    await node.clock.advance(0)
    expect(told(waiting.answer?.body ?? '')).toEqual(['2 disconnect', 'close'])
    expect(client.take((await answered(node, 'poll', { link: client.link, ack: 1 })).body)).toEqual([
      '2 disconnect',
      'close',
    ])
    expect(await client.polled(node)).toEqual(['close'])
    expect(client.closed).toEqual({ code: CODES.disconnected.code, reason: 'Bye' })
    // What is still on its way up then is taken, as on a WebSocket that is closing, and means nothing.
    expect((await client.send(node, [ping()])).status).toBe(200)
    await clock.advance(15_000)
    for (const kind of ['poll', 'send', 'close'] as const)
      expect(await answered(node, kind, { link: client.link })).toMatchObject({ status: 410 })
    expect(node.links.size).toBe(0)
  })

  it('is not told of anything after its end', async () => {
    const { node } = await one()
    const client = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    sessionOf(node).close('shutdown')
    await node.hub.publish('a:b', 1)
    expect(await client.polled(node)).toEqual(['close'])
  })
})

describe('[P8.3] commands of a connection', () => {
  it('are taken once, whatever requests bring them, and a hole is refused', async () => {
    const { node } = await one()
    const client = await PollClient.open(node)
    const [one_, two, three] = [publish('one'), publish('two'), publish('three')]
    const send = (seq: number, frames: readonly string[]) =>
      answered(node, 'send', { link: client.link, seq, frames })
    expect((await send(3, [two])).status).toBe(409)
    expect((await send(2, [one_])).status).toBe(200)
    expect((await send(2, [one_, two])).status).toBe(200)
    expect((await send(5, [])).status).toBe(409)
    const poll = await answered(node, 'poll', {
      link: client.link,
      seq: 2,
      ack: 1,
      frames: [one_, two, three],
    })
    expect(told(poll.body)).toEqual(['2 published', '3 published', '4 published'])
    const { publications } = await node.hub.history('a:b', { before: 100, limit: 10 })
    expect(publications.map(({ message }) => message)).toEqual(['one', 'two', 'three'])
  })

  it('wait while the hub is behind, and count as life meanwhile', async () => {
    let release = (): void => {}
    const { node, clock } = await one({ limits: { ...LIMITS, pendingCommands: 2 } })
    node.hub.handlers.handle('slow', () => new Promise((resolve) => (release = () => resolve(null))))
    const client = await PollClient.open(node)
    const call = () =>
      frame('call', { method: 'slow', timeout: 60_000, data: { codec: 'json', value: null } })
    await client.send(node, [call(), call()])
    const waiting = ask(node, 'send', { link: client.link, seq: 4, frames: [ping()] })
    await clock.advance(9000)
    expect(waiting.answer).toBeUndefined()
    // Who says nothing is not held up.
    ask(node, 'poll', { link: client.link, ack: 1 })
    await clock.advance(9000)
    expect([waiting.answer, node.hub.size]).toEqual([undefined, 1])
    release()
    await node.clock.advance(0)
    expect(waiting.answer?.status).toBe(200)
  })

  it('are held to the limits of frames [P3.9]', async () => {
    const { node } = await one({ maxMessage: 100 })
    const client = await PollClient.open(node)
    const body = await answered(node, 'poll', {
      link: client.link,
      seq: 2,
      ack: 1,
      frames: ['é'.repeat(51), '{', ping()],
    })
    expect(heard(body.body).map(({ data }) => JSON.stringify(data))).toEqual([
      expect.stringContaining('The message has 102 bytes'),
      expect.stringContaining('"code":100'),
      expect.stringContaining('pong'),
    ])
  })
})

describe('[P8.2] requests that cannot be', () => {
  it.each([
    ['poll', 'nonsense', 400, 'must be a JSON object'],
    ['send', '{}', 400, 'link is missing'],
    ['close', '{"seq":1}', 400, 'link is missing'],
    ['poll', '{"link":"n.nobody"}', 410, 'is over'],
    ['send', '{"link":"n.nobody"}', 410, 'is over'],
    ['poll', '{"link":"nonsense"}', 410, 'is over'],
    ['close', '{"link":".x"}', 410, 'is over'],
  ] as const)('%s %s is answered %i', async (kind, text, status, why) => {
    const { node, world } = await one()
    const answer = await answered(node, kind, text)
    expect(answer).toMatchObject({ status, body: expect.stringContaining(why) })
    expect(world.carried.filter(({ to }) => to !== 's')).toEqual([])
    expect(node.hub.size).toBe(0)
  })

  it('a stream is not polled, and what opens a connection says nothing else', async () => {
    const { node } = await one()
    const client = new StreamClient(node)
    expect(await answered(node, 'poll', { link: client.link })).toMatchObject({ status: 400 })
    for (const kind of ['poll', 'stream'] as const) {
      const text = `{"seq":1}\n${connect()}`
      const stream = new FakeStream()
      const early =
        kind === 'poll' ? await answered(node, 'poll', text) : node.links.stream(text, NOBODY, stream)
      expect(early).toMatchObject({
        status: 400,
        body: expect.stringContaining('when the connection has its name'),
      })
      expect([stream.text, node.hub.size]).toEqual(['', 1])
    }
    const stream = new FakeStream()
    expect(node.links.stream('[]', NOBODY, stream)).toMatchObject({ status: 400 })
    expect(stream.text).toBe('')
  })
})

describe('[P8.6] a connection by a stream', () => {
  it('is the event open and then frames without numbers; commands go up by send', async () => {
    const { node } = await one()
    const client = await StreamClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    expect(client.told).toEqual(['open', 'connected', 'subscribed'])
    expect(
      (await answered(node, 'send', { link: client.link, seq: 3, frames: [ping(), publish('x')] })).status,
    ).toBe(200)
    expect(client.told.slice(3)).toEqual(['pong', 'publication', 'published'])
  })

  it('ends with the response, and is known no more', async () => {
    const { node, clock } = await one()
    const client = await StreamClient.open(node)
    client.broken()
    await clock.advance(500)
    expect([node.hub.size, node.links.size]).toEqual([0, 0])
    expect((await answered(node, 'send', { link: client.link, frames: [] })).status).toBe(410)
    client.broken()
    // But for the session that may come back, nothing waits for it.
    await clock.advance(60_000)
    expect(client.stream.isEnded).toBe(true)
  })

  it('says why it ends, and says nothing after that', async () => {
    const { node } = await one()
    const client = await StreamClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    sessionOf(node).close('disconnected', 'Bye')
    await node.hub.publish('a:b', 1)
    await node.clock.advance(0)
    expect(client.told.slice(3)).toEqual(['close'])
    expect(client.stream.isEnded).toBe(true)
    expect(node.links.size).toBe(0)
    client.broken()
  })

  it('is written one event for all of them', async () => {
    const { node } = await one()
    const subscribed = [connect(), frame('subscribe', { channel: 'a:b' })]
    const clients = await Promise.all([1, 2, 3].map(() => StreamClient.open(node, subscribed)))
    const poller = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    await node.hub.publish('a:b', 'all')
    await node.clock.advance(0)
    for (const client of clients) expect(client.told.at(-1)).toBe('publication')
    expect(await poller.polled(node)).toEqual(['3 publication'])
    const ends = new Set(clients.map(({ stream }) => stream.text.split('\n\n').at(-2)))
    expect(ends.size).toBe(1)
  })

  it('is closed when its reader is too slow', async () => {
    const { node } = await one({ outbox: 1000 })
    const client = await StreamClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    client.stream.buffered = 1000
    await node.hub.publish('a:b', 1)
    await node.clock.advance(0)
    expect(client.told.at(-1)).toBe('publication')
    client.stream.buffered = 1001
    await node.hub.publish('a:b', 2)
    await node.clock.advance(0)
    expect(heard(client.stream.text).at(-1)?.data).toMatchObject({ code: CODES['slow-consumer'].code })
    expect([client.stream.isEnded, node.hub.size, node.links.size]).toEqual([true, 0, 0])
  })
})

describe('[P8.7] the end of a connection', () => {
  it('by its client is what its code means, after what was said before', async () => {
    const { node } = await one()
    const left: number[] = []
    const { node: other } = await one({
      onSession: (event, _, code) => event === 'disconnect' && left.push(code),
    })
    for (const code of [1000, 3000]) {
      const client = await PollClient.open(other)
      const frames = [publish(`last words with ${code}`)]
      expect(await answered(other, 'close', { link: client.link, seq: 2, code, frames })).toEqual({
        status: 200,
        body: '',
      })
    }
    expect(left).toEqual([1000, 3000])
    const { publications } = await other.hub.history('a:b', { before: 100, limit: 10 })
    expect(publications.map(({ message }) => message)).toEqual([
      'last words with 1000',
      'last words with 3000',
    ])
    const stream = await StreamClient.open(node)
    expect((await answered(node, 'close', { link: stream.link })).status).toBe(200)
    expect([stream.stream.isEnded, node.hub.size, node.links.size]).toEqual([true, 0, 0])
  })

  it('may be said after a stream has broken, as by a page that goes', async () => {
    const left: number[] = []
    const { node, clock } = await one({
      onSession: (event, _, code) => event === 'disconnect' && left.push(code),
    })
    const client = await StreamClient.open(node)
    client.broken()
    await clock.advance(100)
    await answered(node, 'close', { link: client.link, code: 1001 })
    await clock.advance(1000)
    expect([left, node.links.size]).toEqual([[1001], 0])
  })

  it('is waited for by the poll that is out', async () => {
    const { node } = await one()
    const client = await PollClient.open(node)
    const waiting = client.poll(node)
    await answered(node, 'close', { link: client.link, code: 1000 })
    expect(told(waiting.answer?.body ?? '')).toEqual(['close'])
  })

  it('comes when no poll comes, as for a silent WebSocket; a poll is life', async () => {
    const { node, clock } = await one()
    const client = await PollClient.open(node)
    for (let asked = 0; asked < 10; asked++) {
      client.poll(node, [], 0)
      await clock.advance(9_000)
    }
    expect(node.hub.size).toBe(1)
    await clock.advance(15_500)
    expect(node.hub.size).toBe(0)
    await client.polled(node)
    expect(client.closed?.code).toBe(CODES['heartbeat-timeout'].code)
  })

  it('comes for who never connects, and leaves nothing behind', async () => {
    const { node, clock } = await one()
    const before = clock.pending
    for (let count = 0; count < 20; count++) await PollClient.open(node, [ping()])
    for (let count = 0; count < 20; count++) new StreamClient(node)
    await clock.advance(45_000)
    expect([node.hub.size, node.links.size]).toEqual([0, 0])
    // The wheel of all sessions turns on, and nothing else.
    expect(clock.pending).toBeLessThanOrEqual(before + 1)
  })

  it('comes for who does not take what is told, and only for that', async () => {
    const { node, clock } = await one({ outbox: 2000 })
    const slow = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    const quick = await PollClient.open(node, [connect(), frame('subscribe', { channel: 'a:b' })])
    for (let count = 0; count < 40; count++) {
      await node.hub.publish('a:b', 'x'.repeat(40))
      await quick.polled(node)
    }
    expect(node.hub.size).toBe(1)
    expect(await slow.polled(node)).toEqual(['close'])
    expect(slow.closed).toEqual({ code: CODES['slow-consumer'].code, reason: 'Slow consumer' })
    expect(quick.messages.filter(({ kind }) => kind === 'publication')).toHaveLength(40)
    await clock.advance(15_000)
    expect(node.links.size).toBe(1)
  })
})

describe('a server that closes', () => {
  it('tells everybody, holds nobody, and opens nothing', async () => {
    const { node, clock } = await one()
    const poller = await PollClient.open(node)
    const late = await PollClient.open(node)
    const streamer = await StreamClient.open(node)
    const waiting = poller.poll(node)
    await node.hub.close(2000)
    let isClosed = false
    void node.links.close().then(() => {
      isClosed = true
    })
    await clock.advance(100)
    expect(told(waiting.answer?.body ?? '')).toEqual(['2 disconnect', 'close'])
    expect(streamer.told.slice(-2)).toEqual(['disconnect', 'close'])
    expect(isClosed).toBe(false)
    // Who was between two polls hears it with the next, and is waited for.
    expect(await late.polled(node)).toEqual(['2 disconnect', 'close'])
    expect(isClosed).toBe(true)
    expect(await answered(node, 'poll', '{}')).toMatchObject({ status: 503 })
    expect(node.links.stream('{}', NOBODY, new FakeStream())).toMatchObject({
      status: 503,
    })
  })

  it('does not wait for who does not come, nor for who has left, nor where there is nobody', async () => {
    const { node, clock } = await one()
    await PollClient.open(node)
    await node.hub.close(2000)
    let isClosed = false
    void node.links.close().then(() => {
      isClosed = true
    })
    await clock.advance(999)
    expect(isClosed).toBe(false)
    await clock.advance(1)
    expect(isClosed).toBe(true)
    const { node: left } = await one()
    const client = await PollClient.open(left)
    await answered(left, 'close', { link: client.link, code: 1000 })
    await left.links.close()
    const { node: empty } = await one()
    await empty.links.close()
  })

  it('closes at once what comes while it says goodbye', async () => {
    const { node, clock } = await one()
    void node.hub.close(2000)
    const client = await PollClient.open(node, [connect()])
    expect(client.closed?.code).toBe(CODES.shutdown.code)
    const stream = new StreamClient(node)
    expect(stream.told).toEqual(['open', 'close'])
    expect(node.links.size).toBe(1)
    await clock.advance(15_000)
    expect(node.links.size).toBe(0)
  })
})
