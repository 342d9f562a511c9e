/** Requests that come to another node than the connection's. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  answered,
  ask,
  connect,
  frame,
  PollClient,
  ping,
  type RequestNode,
  RequestWorld,
  StreamClient,
  told,
} from '../../test/requests-world.js'

async function three() {
  const world = new RequestWorld()
  const { a, b, c } = await world.nodes('a', 'b', 'c')
  return { world, clock: world.clock, a, b, c }
}
const publish = (value: unknown): string =>
  frame('publish', { channel: 'a:b', data: { codec: 'json', value } })
const stored = async (node: RequestNode): Promise<unknown[]> =>
  (await node.hub.history('a:b', { before: 1000, limit: 1000 })).publications.map(({ message }) => message)

describe('[P8.5] requests that come to the wrong node', () => {
  it('are carried to the right one: polls, commands, and the end', async () => {
    const { a, b, c } = await three()
    const client = await PollClient.open(a, [connect(), frame('subscribe', { channel: 'a:b' })])
    const waiting = client.poll(b)
    expect(await client.send(c, [publish(1)])).toEqual({ status: 200, body: '' })
    expect(told(waiting.answer?.body ?? '')).toEqual(['3 publication', '4 published'])
    client.take(waiting.answer?.body ?? '')
    expect(await client.polled(c, [ping()])).toEqual(['5 pong'])
    expect([a, b, c].map(({ hub, links }) => [hub.size, links.size])).toEqual([
      [1, 1],
      [0, 0],
      [0, 0],
    ])
    expect(await answered(b, 'close', { link: client.link, code: 1000 })).toEqual({ status: 200, body: '' })
    expect(a.hub.size).toBe(0)
  })

  it('are carried for a stream as well; its events come by the stream alone', async () => {
    const { a, b } = await three()
    const client = await StreamClient.open(a)
    expect(await answered(b, 'send', { link: client.link, seq: 2, frames: [ping()] })).toEqual({
      status: 200,
      body: '',
    })
    expect(client.told).toEqual(['open', 'connected', 'pong'])
    expect((await answered(b, 'poll', { link: client.link })).status).toBe(400)
    expect((await answered(b, 'close', { link: client.link })).status).toBe(200)
    expect(client.stream.isEnded).toBe(true)
  })

  it('are life, wherever they come', async () => {
    const { a, b, clock } = await three()
    const client = await PollClient.open(a)
    for (let turn = 0; turn < 8; turn++) {
      client.poll(b, [], 0)
      await clock.advance(9000)
    }
    expect(a.hub.size).toBe(1)
  })

  it('are refused like any other: a hole with 409, a connection that is over with 410', async () => {
    const { a, b } = await three()
    const client = await PollClient.open(a)
    expect((await answered(b, 'send', { link: client.link, seq: 9, frames: [ping()] })).status).toBe(409)
    expect((await answered(b, 'poll', { link: 'a.invented' })).status).toBe(410)
  })

  it('of two polls at once by different nodes the earlier is answered empty', async () => {
    const { a, b, c, clock } = await three()
    const client = await PollClient.open(a)
    const [earlier, later] = [client.poll(b), client.poll(c)]
    await clock.advance(0)
    expect(earlier.answer).toEqual({ status: 200, body: '' })
    await client.send(a, [ping()])
    expect(told(later.answer?.body ?? '')).toEqual(['2 pong'])
  })
})

describe('[P8.5] a home that is gone', () => {
  it('is told within some seconds to who polls, and at once when its lease is over', async () => {
    const { a, b, clock } = await three()
    const client = await PollClient.open(a)
    const waiting = client.poll(b)
    await clock.advance(0)
    a.broker.die()
    await clock.advance(6000)
    expect(waiting.answer?.status).toBe(410)
    const sent = ask(b, 'send', { link: client.link, seq: 2, frames: [ping()] })
    await clock.advance(5000)
    expect(sent.answer?.status).toBe(503)
    await clock.advance(15_000)
    expect((await answered(b, 'poll', { link: client.link })).status).toBe(410)
    const closed = ask(b, 'close', { link: client.link })
    await clock.advance(500)
    expect(closed.answer?.status).toBe(410)
  })

  it('that was started anew by the same name does not know the old connections', async () => {
    const { world, a, b, clock } = await three()
    const client = await PollClient.open(a)
    a.broker.die()
    await clock.advance(15_000)
    await world.node('a')
    expect((await answered(b, 'poll', { link: client.link })).status).toBe(410)
  })

  it('is not believed of one silence: what nodes say to each other may be lost', async () => {
    const { world, a, b, clock } = await three()
    const client = await PollClient.open(a)
    const waiting = client.poll(b)
    await clock.advance(1000)
    let lost = 0
    world.loses = ({ kind }) => kind === 'alive' && lost++ === 0
    await clock.advance(5000)
    expect(lost).toBeGreaterThan(1)
    expect(waiting.answer).toBeUndefined()
    await client.send(a, [ping()])
    expect(told(waiting.answer?.body ?? '')).toEqual(['2 pong'])
  })

  it('is asked once, however many wait for it', async () => {
    const { world, a, b, clock } = await three()
    for (let count = 0; count < 10; count++) (await PollClient.open(a)).poll(b)
    await clock.advance(0)
    world.carried.length = 0
    await clock.advance(4100)
    expect(world.carried.filter(({ kind }) => kind === 'alive')).toHaveLength(2)
  })
})

describe('[P8.5] names of nodes that a client invents', () => {
  it('are asked of nobody, and answered within half a second', async () => {
    const { world, b, clock } = await three()
    const members = countMembers(b)
    const all = Array.from({ length: 200 }, (_, index) =>
      ask(b, index % 2 === 0 ? 'poll' : 'send', { link: `invented-${index}.x`, frames: [] }),
    )
    await clock.advance(0)
    expect(all.every(({ answer }) => answer?.status === 410)).toBe(true)
    const again = ask(b, 'poll', { link: '../nodes.x' })
    await clock.advance(500)
    expect(again.answer?.status).toBe(410)
    expect(world.carried.filter(({ to }) => !['a', 'b', 'c', ''].includes(to))).toEqual([])
    // However many names come, the broker is asked twice a second at most.
    for (let turn = 0; turn < 100; turn++) {
      ask(b, 'poll', { link: `other-${turn}.x` })
      await clock.advance(100)
    }
    expect(members.count).toBeLessThan(25)
  })

  it('that turn out to be those of a node which has just started are believed', async () => {
    const { world, b, clock } = await three()
    await answered(b, 'poll', { link: 'd.x' })
    const d = await world.node('d')
    const client = await PollClient.open(d)
    const polled = client.poll(b, [ping()])
    await clock.advance(500)
    expect(told(polled.answer?.body ?? '')).toEqual(['2 pong'])
  })

  it('do not cost those that are known a question each', async () => {
    const { a, b, clock } = await three()
    const client = await PollClient.open(a)
    const members = countMembers(b)
    for (let turn = 0; turn < 50; turn++) {
      await client.send(b, [ping()])
      await clock.advance(100)
    }
    expect(members.count).toBeLessThanOrEqual(3)
  })

  it('are answered with 503 when the broker cannot be asked who is there', async () => {
    const { b, clock } = await three()
    b.broker.isAway = true
    expect((await answered(b, 'poll', { link: 'a.x' })).status).toBe(503)
    b.broker.isAway = false
    await clock.advance(500)
    expect((await answered(b, 'poll', { link: 'a.x' })).status).toBe(410)
  })
})

const countMembers = ({ broker }: RequestNode): { count: number } => {
  const counted = { count: 0 }
  const { members } = broker
  broker.members = (channel) => {
    counted.count++
    return members.call(broker, channel)
  }
  return counted
}

describe('[P8.3] [P8.5] what is lost between nodes', () => {
  it('the question: the client is told to ask again, and then it is carried out, once', async () => {
    const { world, a, b, clock } = await three()
    const client = await PollClient.open(a)
    const frames = [publish('once')]
    world.loses = ({ kind }) => kind === 'request'
    const lost = ask(b, 'send', { link: client.link, seq: 2, frames })
    await clock.advance(5000)
    expect(lost.answer?.status).toBe(503)
    world.loses = () => false
    expect((await answered(b, 'send', { link: client.link, seq: 2, frames })).status).toBe(200)
    expect(await stored(b)).toEqual(['once'])
  })

  it('the answer: what was carried out is not carried out again, what was told is told again', async () => {
    const { world, a, b, c, clock } = await three()
    const client = await PollClient.open(a)
    const frames = [publish('once')]
    world.loses = ({ is }) => is === 'answer'
    const lost = ask(b, 'poll', { link: client.link, seq: 2, ack: 1, frames })
    await clock.advance(4000)
    expect(await stored(b)).toEqual(['once'])
    expect(lost.answer).toBeUndefined()
    world.loses = () => false
    const again = await answered(c, 'poll', { link: client.link, seq: 2, ack: 1, frames })
    expect(told(again.body)).toEqual(['2 published'])
    expect(await stored(b)).toEqual(['once'])
  })

  it('anything, any number of times, in any order: commands count once and in order, events come once', async () => {
    const steps = fc.array(
      fc.record({
        node: fc.nat(2),
        poll: fc.boolean(),
        from: fc.nat(4),
        loses: fc.nat(9),
        wait: fc.nat(3000),
      }),
      { minLength: 5, maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { world, a, b, c, clock } = await three()
        const nodes = [a, b, c]
        const client = await PollClient.open(a, [connect(), frame('subscribe', { channel: 'a:b' })])
        const commands: string[] = []
        for (const { node, poll, from, loses, wait } of all) {
          let count = 0
          world.loses = ({ kind, is }) =>
            (kind === 'request' || is === 'answer') && (loses + count++) % 3 === 0
          commands.push(publish(commands.length))
          // From any of those that may not have come yet, up to the newest: as clients do that were not answered.
          const first = Math.max(0, commands.length - 1 - from)
          const body = { link: client.link, seq: 3 + first, ack: client.ack, frames: commands.slice(first) }
          const asked = ask(nodes[node] ?? a, poll ? 'poll' : 'send', body)
          await clock.advance(wait)
          if (poll && asked.answer?.status === 200) client.take(asked.answer.body)
        }
        world.loses = () => false
        await answered(b, 'send', { link: client.link, seq: 3, frames: commands })
        for (let turn = 0; turn < 3; turn++) {
          const rest = client.poll(c, [], 0)
          await clock.advance(600)
          client.take(rest.answer?.body ?? '')
        }
        const said = commands.map((_, index) => index)
        expect(await stored(b)).toEqual(said)
        const came = client.messages.filter(({ kind }) => kind === 'publication')
        expect(came.map(({ body }) => (body as { offset: number }).offset)).toEqual(said.map((n) => n + 1))
        expect(client.messages.filter(({ kind }) => kind === 'published')).toHaveLength(commands.length)
      }),
      { numRuns: 60 },
    )
  })
})

describe('[P8.5] a node that closes', () => {
  it('lets nobody wait who asks for other nodes’ connections', async () => {
    const { a, b, clock } = await three()
    const client = await PollClient.open(a)
    const waiting = client.poll(b)
    const sent = client.poll(b)
    await clock.advance(0)
    await b.hub.close(2000)
    b.links.close()
    await clock.advance(0)
    expect(waiting.answer).toEqual({ status: 200, body: '' })
    expect(sent.answer?.status).toBe(503)
    expect((await answered(b, 'poll', { link: client.link })).status).toBe(503)
    // The connection itself lives on.
    expect(await client.polled(a, [ping()])).toEqual(['2 pong'])
  })

  it('leaves nothing running', async () => {
    const { a, b, c, clock } = await three()
    const clients = await Promise.all([1, 2, 3].map(() => PollClient.open(a)))
    for (const client of clients) client.poll(b)
    await clock.advance(3000)
    for (const node of [a, b, c]) {
      await node.hub.close(2000)
      node.links.close()
    }
    await clock.advance(60_000)
    expect([a, b, c].map(({ links }) => links.size)).toEqual([0, 0, 0])
    // The broker of this test sweeps on.
    expect(clock.pending).toBe(1)
  })
})
