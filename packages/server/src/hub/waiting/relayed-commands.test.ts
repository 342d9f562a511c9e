import { type CommandBodies, json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { names, type TestNode, World } from '../../../test/devices-world.js'
import type { TestClient } from '../../testing/index.js'

type Call = CommandBodies['call']

const OPEN: Call = { method: 'valve.set', data: json({ open: true }), to: { user: 'pump' }, ttl: 60_000 }

async function world() {
  const w = new World()
  const [a, b] = (await w.nodes('a', 'b')) as [TestNode, TestNode]
  for (const { hub } of [a, b]) hub.handlers.relay('valve.set', ({ user }) => user?.id === 'ann')
  const ann = await w.client(a, 'ann')
  return { w, a, b, ann }
}

const replyTo = (client: TestClient, id: number) => client.messages.find((message) => message.id === id)

describe('a client’s call that waits', () => {
  it('[P5.16] [P5.18] is answered when the device has answered, wherever that is', async () => {
    const { w, b, ann } = await world()
    const id = ann.say('call', { ...OPEN, id: 'k-1', timeout: 3000 })
    await w.pass(30_000)
    expect(replyTo(ann, id)).toBeUndefined()
    const device = await w.client(b, 'pump')
    expect(device.of('call')).toMatchObject([{ call: 'k-1', timeout: 3000 }])
    await w.answer(device, 'opened')
    expect(replyTo(ann, id)).toEqual({ id, kind: 'answered', body: { data: json('opened') } })
    expect(await b.hub.commands.list('pump')).toEqual([])
  })

  it('[P5.16] ends with what the device answers, or as expired', async () => {
    const { w, b, ann } = await world()
    const late = ann.say('call', { ...OPEN, ttl: 1000 })
    await w.pass(1000)
    expect(replyTo(ann, late)).toMatchObject({ kind: 'error', body: { code: 119 } })
    const device = await w.client(b, 'pump')
    const failing = ann.say('call', { ...OPEN, id: 'k-1' })
    await w.pass(0)
    device.say('answer', { call: 'k-1', error: { code: 118, message: 'Stuck' } })
    await w.pass(0)
    expect(replyTo(ann, failing)).toMatchObject({ kind: 'error', body: { code: 118, message: 'Stuck' } })
    const odd = ann.say('call', { ...OPEN, id: 'k-2' })
    await w.pass(0)
    await w.answer(device, 5)
    expect(replyTo(ann, odd)).toMatchObject({ kind: 'error', body: { code: 111 } })
  })

  it('[P5.17] that is sent again after a cut, on another node, is the same call', async () => {
    const { w, b, ann } = await world()
    ann.say('call', { ...OPEN, id: 'k-1' })
    await w.pass(0)
    await w.cut(ann)
    const back = await w.client(b, 'ann')
    const id = back.say('call', { ...OPEN, id: 'k-1' })
    const device = await w.client(b, 'pump')
    await w.answer(device, 'opened')
    expect(replyTo(back, id)).toMatchObject({ kind: 'answered', body: { data: json('opened') } })
    expect(names(device)).toEqual(['k-1'])
  })

  it('says who asked it', async () => {
    const { w, a, ann } = await world()
    ann.say('call', { ...OPEN, id: 'k-1', key: 'v3' })
    await w.pass(0)
    const by = { session: ann.session.id, user: 'ann' }
    expect(await a.hub.commands.list('pump')).toMatchObject([{ id: 'k-1', key: 'v3', by, state: 'waiting' }])
  })

  it.each([
    ['[H5.4] where no hook allows it', 106, 'to', {}, 'bob'],
    ['[P5.16] to a session', 116, 'to', { to: { session: 's' } }, 'ann'],
    ['[P5.16] to the server', 116, 'to', { to: undefined }, 'ann'],
    ['[P5.16] that the api does not let wait', 116, 'ttl', { method: 'valve.read', data: json(null) }, 'ann'],
    ['[P5.16] for longer than the api lets it', 114, 'ttl', { ttl: 3_600_001 }, 'ann'],
    ['[P5.17] with an id and no ttl', 100, 'call.ttl', { ttl: undefined, id: 'k' }, 'ann'],
    ['[P5.17] with a key and no ttl', 100, 'call.ttl', { ttl: undefined, key: 'k' }, 'ann'],
    ['[P5.12] with a request that does not fit', 111, 'data.open', { data: json({ open: 'wide' }) }, 'ann'],
    ['of an unknown method', 115, 'method', { method: 'valve.paint' }, 'ann'],
  ])('is refused at once: %s', async (_, code, field, more, user) => {
    const { w, a } = await world()
    a.hub.handlers.relay('valve.read', () => true)
    const client = await w.client(a, user)
    const id = client.say('call', { ...OPEN, ...(more as Partial<Call>) })
    await w.pass(0)
    expect(replyTo(client, id)).toMatchObject({ kind: 'error', body: { code, field } })
  })

  it('[H5.12] does not keep its session from being read, however many wait', async () => {
    const { w, a, ann } = await world()
    for (let device = 0; device < 300; device++) ann.say('call', { ...OPEN, to: { user: `pump-${device}` } })
    await w.pass(0)
    expect(ann.paused).toBe(false)
    expect((await ann.ask('ping', {})).kind).toBe('pong')
    expect(await a.hub.commands.list('pump-299')).toHaveLength(1)
  })

  it('[H5.11] is refused beyond a thousand of one session', async () => {
    const { w, ann } = await world()
    const ids: number[] = []
    for (let device = 0; device < 1001; device++) {
      ids.push(ann.say('call', { ...OPEN, to: { user: `pump-${device}` } }))
      if (device % 100 === 0) await w.pass(0)
    }
    await w.pass(0)
    expect(replyTo(ann, ids.at(-1) ?? 0)).toMatchObject({ kind: 'error', body: { code: 114 } })
    expect(replyTo(ann, ids.at(-2) ?? 0)).toBeUndefined()
  })

  it('is for nobody to hear when its client is gone, and goes on', async () => {
    const { w, a, b, ann } = await world()
    const before = ann.messages.length
    ann.say('call', { ...OPEN, id: 'k-1' })
    await w.pass(0)
    await w.cut(ann)
    const device = await w.client(b, 'pump')
    await w.answer(device, 'opened')
    expect(ann.messages.slice(before)).toEqual([])
    expect(await a.hub.commands.list('pump')).toEqual([])
  })

  it.each([
    ['once it is stored', true],
    ['before it is stored', false],
  ])('does not keep a queue open when its client is gone: %s', async (_, isStored) => {
    const { w, a, ann } = await world()
    const left: string[] = []
    const leave = a.broker.leave.bind(a.broker)
    a.broker.leave = (channel) => {
      left.push(channel)
      return leave(channel)
    }
    ann.say('call', { ...OPEN, id: 'k-1' })
    if (isStored) await w.pass(0)
    await w.cut(ann)
    await w.pass(2000)
    expect(left).toContain('@commands:pump')
    expect(await a.hub.commands.list('pump')).toMatchObject([{ id: 'k-1' }])
  })

  it('without an id is carried out and not answered', async () => {
    const { w, b, ann } = await world()
    ann.session.receive(
      JSON.stringify({
        call: { method: 'valve.set', to: { user: 'pump' }, ttl: 60_000, data: { open: true } },
      }),
    )
    await w.pass(0)
    const before = ann.messages.length
    const device = await w.client(b, 'pump')
    await w.answer(device, 'opened')
    expect([names(device).length, ann.messages.slice(before)]).toEqual([1, []])
  })
})
