import { MillraceError } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import {
  FakeClock,
  SequenceRandom,
  SharedBroker,
  type SharedBrokerNode,
  settle,
} from '../../testing/index.js'
import { Cluster } from './cluster.js'
import { readNodeMessage } from './messages.js'

const logger = { debug: vi.fn(), info: vi.fn(), warn: vi.fn(), error: vi.fn() }

async function cluster(names: readonly string[]) {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  const nodes = new Map<string, { readonly node: Cluster; readonly broker: SharedBrokerNode }>()
  const random = new SequenceRandom()
  for (const name of names) {
    const broker = shared.node()
    const node = new Cluster({ node: name, broker, clock, random, logger })
    await broker.start({
      publication: () => {},
      ephemeral: (_channel, event) => node.ephemeral(event),
      presence: () => {},
      interrupted: () => {},
    })
    await node.start()
    nodes.set(name, { node, broker })
  }
  const of = (name: string) => {
    const found = nodes.get(name)
    if (found === undefined) throw new Error(`no node ${name}`)
    return found
  }
  return { clock, of }
}

const found = (session: string, since = 1) => ({ session, since })

describe('[H8.1] nodes of one broker', () => {
  it('know who is alive, until a node stops or its lease is over', async () => {
    const { clock, of } = await cluster(['a', 'b', 'c'])
    expect(await of('a').node.nodes()).toEqual(['a', 'b', 'c'])
    await of('b').node.stop()
    of('c').broker.die()
    expect(await of('a').node.nodes()).toEqual(['a', 'c'])
    await clock.advance(15_000)
    expect(await of('a').node.nodes()).toEqual(['a'])
  })

  it('tell all others, or one', async () => {
    const { of } = await cluster(['a', 'b', 'c'])
    const heard: string[] = []
    for (const name of ['a', 'b', 'c'])
      of(name).node.hear('superseded', ({ session, generation }) =>
        heard.push(`${name} ${session} ${generation}`),
      )
    of('a').node.tell('superseded', { session: 's', generation: 2 })
    await settle()
    expect(heard).toEqual(['b s 2', 'c s 2'])
    of('a').node.tell('superseded', { session: 't', generation: 3 }, 'c')
    await settle()
    expect(heard.slice(2)).toEqual(['c t 3'])
  })

  it('ask all, and are told who was silent', async () => {
    const { clock, of } = await cluster(['a', 'b', 'c'])
    of('b').node.answer('find', () => found('s-b'))
    of('c').broker.isDeaf = true
    const before = clock.pending
    const asked = of('a').node.askAll('find', { user: 'u' }, { within: 1000 })
    await clock.advance(999)
    await clock.advance(1)
    expect(await asked).toEqual({ answers: [{ node: 'b', answer: found('s-b') }], silent: ['c'] })
    expect(clock.pending).toBe(before)
  })

  it('do not wait beyond the last answer, nor beyond one that is enough', async () => {
    const { of } = await cluster(['a', 'b', 'c'])
    of('b').node.answer('find', () => null)
    of('c').node.answer('find', () => found('s-c'))
    expect(await of('a').node.askAll('find', {}, { within: 1000 })).toEqual({
      answers: [
        { node: 'b', answer: null },
        { node: 'c', answer: found('s-c') },
      ],
      silent: [],
    })
    of('b').broker.isDeaf = true
    const enough = (answer: unknown) => answer !== null
    const { answers } = await of('a').node.askAll('find', {}, { within: 1000, enough })
    expect(answers.map(({ node }) => node)).toEqual(['c'])
  })

  it('ask one, and get its answer, its error, or a timeout that names it', async () => {
    const { clock, of } = await cluster(['a', 'b'])
    const call = { session: 's', method: 'm', data: { json: '1' }, timeout: 500 }
    const answerer = vi.fn()
    of('b').node.answer('call', answerer)
    const ask = () => of('a').node.ask('b', 'call', { body: call, within: 600 })
    answerer.mockResolvedValueOnce({ json: '2' })
    expect(await ask()).toEqual({ json: '2' })
    expect(answerer).toHaveBeenCalledWith(call)
    answerer.mockRejectedValueOnce(new MillraceError('application-error', { message: 'No battery' }))
    await expect(ask()).rejects.toMatchObject({ kind: 'application-error', message: 'No battery' })
    answerer.mockRejectedValueOnce(new Error('a bug'))
    await expect(ask()).rejects.toMatchObject({ kind: 'internal-error', message: 'Internal error' })
    of('b').broker.isDeaf = true
    const late = expect(ask()).rejects.toMatchObject({
      kind: 'timeout',
      message: "No answer within 600 ms from node 'b'",
    })
    await clock.advance(600)
    await late
  })

  it('ignore answers that come late, and questions and messages they do not know', async () => {
    const { clock, of } = await cluster(['a', 'b'])
    let answer = (_: null): void => {}
    of('b').node.answer('find', () => new Promise((resolve) => (answer = resolve)))
    const asked = of('a').node.askAll('find', {}, { within: 100 })
    await clock.advance(100)
    expect((await asked).silent).toEqual(['b'])
    answer(null)
    await settle()
    const call = { session: 's', method: 'm', data: { json: '1' }, timeout: 500 }
    const unknown = expect(of('a').node.ask('b', 'call', { body: call, within: 100 })).rejects.toMatchObject({
      kind: 'timeout',
    })
    await clock.advance(100)
    await unknown
    for (const text of ['', 'null', '5', '{"is":"notice"}']) expect(readNodeMessage(text)).toBeUndefined()
    of('a').node.ephemeral({ data: { codec: 'raw', bytes: new Uint8Array(3) } })
    of('a').node.ephemeral({ data: { codec: 'json', text: '{"is":"other","from":"b"}' } })
  })

  it('a node that is alone asks nobody', async () => {
    const { clock, of } = await cluster(['a'])
    const before = clock.pending
    expect(await of('a').node.askAll('find', {}, { within: 1000 })).toEqual({ answers: [], silent: [] })
    expect(clock.pending).toBe(before)
  })

  it('a broker that is away is no fault of who tells, and told to who asks all', async () => {
    const { of } = await cluster(['a', 'b'])
    of('a').broker.isAway = true
    of('a').node.tell('superseded', { session: 's', generation: 1 })
    await expect(of('a').node.askAll('find', {}, { within: 1000 })).rejects.toMatchObject({
      kind: 'unavailable',
    })
    await of('a').node.stop()
  })
})
