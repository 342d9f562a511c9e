import { call, channel, defineApi, json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { TestClient, testHub } from '../testing/index.js'
import { type Capabilities, wrongWith } from './capabilities.js'
import { Identity } from './identity.js'

const api = defineApi({
  channels: { 'chat:{room}': channel({ history: { size: 9 } }), 'open:{x}': channel({ publish: 'anyone' }) },
  calls: { 'door.open': call({}), 'door.close': call({}), ring: call({}) },
})

async function clientWith(capabilities: Capabilities | undefined) {
  const { hub } = testHub({ api, authenticate: () => new Identity({ id: 'ada' }, { capabilities }) })
  for (const method of ['door.open', 'door.close', 'ring']) hub.handlers.handle(method, () => 'done')
  const client = new TestClient(hub)
  await client.connect()
  const codes = async (...asked: [string, object][]) => {
    const kinds: unknown[] = []
    for (const [kind, body] of asked) {
      const reply = await client.ask(kind as 'call', body as never)
      kinds.push(reply.kind === 'error' ? reply.body.code : reply.kind)
    }
    return kinds
  }
  return { hub, client, codes }
}
const publish = (name: string): [string, object] => ['publish', { channel: name, data: json(1) }]
const subscribe = (name: string): [string, object] => ['subscribe', { channel: name }]
const make = (method: string): [string, object] => ['call', { method, data: json(1) }]

describe('[H2.5] what a token allows in itself', () => {
  it('is all there is, by name or by how names begin', async () => {
    const { codes } = await clientWith({
      channels: { 'chat:a': ['*'], 'chat:b-*': ['subscribe'], 'open:x': ['publish'] },
      calls: ['door.*'],
    })
    expect(await codes(subscribe('chat:a'), publish('chat:a'), ['history', { channel: 'chat:a' }])).toEqual([
      'subscribed',
      'published',
      'history',
    ])
    expect(await codes(subscribe('chat:b-1'), publish('chat:b-1'), subscribe('chat:c'))).toEqual([
      'subscribed',
      106,
      106,
    ])
    expect(await codes(publish('open:x'), subscribe('open:x'), publish('open:y'))).toEqual([
      'published',
      106,
      106,
    ])
    expect(await codes(make('door.open'), make('door.close'), make('ring'))).toEqual([
      'answered',
      'answered',
      106,
    ])
  })

  it('may be everything, and may be nothing', async () => {
    const all = await clientWith({ channels: { '*': ['*'] }, calls: ['*'] })
    expect(await all.codes(publish('chat:a'), make('ring'))).toEqual(['published', 'answered'])
    const none = await clientWith({})
    expect(await none.codes(subscribe('open:x'), publish('open:x'), make('ring'))).toEqual([106, 106, 106])
  })

  it('is not said by most: then the defaults hold', async () => {
    const { codes } = await clientWith(undefined)
    expect(await codes(subscribe('chat:a'), publish('chat:a'), publish('open:x'), make('ring'))).toEqual([
      'subscribed',
      106,
      'published',
      'answered',
    ])
  })

  it('does not outweigh a hook, nor a hook it', async () => {
    const { hub, codes } = await clientWith({ channels: { 'chat:*': ['publish'] } })
    const asked: string[] = []
    hub.policy.authorize('chat:{room}', ({ params: { room }, action }) => {
      asked.push(`${action} ${room}`)
      return room !== 'closed'
    })
    expect(await codes(publish('chat:a'), publish('chat:closed'), subscribe('chat:a'))).toEqual([
      'published',
      106,
      106,
    ])
    expect(asked).toEqual(['publish a', 'publish closed'])
  })

  it.each<[unknown, string | undefined]>([
    [{ channels: { 'chat:*': ['subscribe', 'publish'], x: [] }, calls: ['a', 'b*'] }, undefined],
    [{}, undefined],
    [null, 'no object'],
    ['*', 'no object'],
    [['*'], 'no object'],
    [{ channel: {} }, "'channel', which is neither"],
    [{ channels: ['chat:*'] }, 'channels that are no object'],
    [{ channels: { 'chat:*:x': ['*'] } }, "'chat:*:x'"],
    [{ channels: { 'chat:*': '*' } }, "actions of 'chat:*'"],
    [{ channels: { 'chat:*': ['write'] } }, "actions of 'chat:*'"],
    [{ calls: 'all' }, 'calls that are no list'],
    [{ calls: [1] }, 'calls that are no list'],
  ])('%j is read: %s', (given, wrong) => {
    if (wrong === undefined) expect(wrongWith(given)).toBeUndefined()
    else expect(wrongWith(given)).toContain(wrong)
  })
})
