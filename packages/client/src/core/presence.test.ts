import { CODES, type Member } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, subscribedAt, world } from '../../test/world.js'
import type { PresenceEvent } from './types.js'

const LOBBY = 'chat:lobby'
const member = (session: string, name = session): Member => ({
  session,
  user: `u-${session}`,
  since: 5,
  data: { codec: 'json', value: { name } },
})
const told = (event: PresenceEvent) => ({
  members: event.members.map(({ session }) => session),
  joined: event.joined.map(({ session }) => session),
  updated: event.updated.map(({ data }) => data),
  departed: event.departed.map(({ session }) => session),
})

async function watching() {
  const w = await connected()
  const room = w.client.channel(LOBBY)
  const events: unknown[] = []
  room.on('presence', (event) => events.push(told(event)))
  await settle()
  await w.socket.reply('subscribe', 'subscribed', subscribedAt(0, { members: [member('a'), member('b')] }))
  return { w, room, events }
}

describe('following presence', () => {
  it('is asked for by a listener, and begins with everybody [P5.9]', async () => {
    const { w, events } = await watching()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, presence: true })
    expect(events).toEqual([{ members: ['a', 'b'], joined: ['a', 'b'], updated: [], departed: [] }])
  })

  it('tells who came, changed and went, with everybody each time [P5.9]', async () => {
    const { w, events } = await watching()
    await w.socket.push('joined', { channel: LOBBY, member: member('c') })
    await w.socket.push('updated', { channel: LOBBY, member: member('a', 'Ada') })
    await w.socket.push('departed', { channel: LOBBY, member: member('b') })
    expect(events.slice(1)).toEqual([
      { members: ['a', 'b', 'c'], joined: ['c'], updated: [], departed: [] },
      { members: ['a', 'b', 'c'], joined: [], updated: [{ name: 'Ada' }], departed: [] },
      { members: ['a', 'c'], joined: [], updated: [], departed: ['b'] },
    ])
  })

  it('tells after a cut only what changed meanwhile', async () => {
    const { w, events } = await watching()
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(0, { members: [member('a'), member('c')] }))
    expect(events.slice(1)).toEqual([{ members: ['a', 'c'], joined: ['c'], updated: [], departed: ['b'] }])
  })

  it('is added to a subscription that has none, from its position, in one frame', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('message', () => {})
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(8))
    room.on('presence', () => {})
    await settle()
    expect(w.socket.frames.at(-1)?.map(({ kind }) => kind)).toEqual(['unsubscribe', 'subscribe'])
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, since: position(8), presence: true })
  })

  it('is added to what the server subscribed, as soon as it did', async () => {
    const w = await connected()
    w.client.on('subscription', (room) => room.on('presence', () => {}))
    await w.socket.push('subscribed', subscribedAt(3))
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, since: position(3), presence: true })
  })

  it('tells an error of a member whose data cannot be read, and goes on', async () => {
    const { w, room, events } = await watching()
    const errors: Error[] = []
    room.on('error', (error) => errors.push(error))
    const data = { codec: 'msgpack', bytes: new Uint8Array([1]) } as const
    await w.socket.push('joined', { channel: LOBBY, member: { ...member('c'), data } })
    await w.socket.push('joined', { channel: LOBBY, member: member('d') })
    expect(errors).toMatchObject([{ kind: 'unsupported-codec' }])
    expect(events.at(-1)).toMatchObject({ members: ['a', 'b', 'd'] })
  })
})

describe('being present', () => {
  it('enters on subscribing where the handle says so, and after every cut [P5.9]', async () => {
    const w = await connected()
    w.client.channel(LOBBY, { member: { name: 'Ada' } }).on('message', () => {})
    await settle()
    const data = { codec: 'json', value: { name: 'Ada' } }
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, data })
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, since: position(1), data })
  })

  it('subscribes first where that is still to be done, in one frame [P5.1] [P5.9]', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const entered = room.enter({ name: 'Ada' })
    await settle()
    expect(w.socket.frames.at(-1)?.map(({ kind }) => kind)).toEqual(['subscribe', 'enter'])
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await w.socket.reply('enter', 'entered', {})
    await entered
    expect(room.state.name).toBe('subscribed')
  })

  it('changes its data, and comes back with the newest after a cut', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    void room.enter('first').catch(() => {})
    void room.enter('second').catch(() => {})
    await settle()
    expect(w.socket.count('subscribe')).toBe(1)
    expect(w.socket.count('enter')).toBe(2)
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    expect(w.socket.last('subscribe').body.data).toEqual({ codec: 'json', value: 'second' })
  })

  it('waits for the connection', async () => {
    const w = world()
    const entered = w.client.channel(LOBBY).enter('Ada')
    await settle()
    await w.socket.accept()
    expect(w.socket.frames.map((frame) => frame.map(({ kind }) => kind))).toEqual([
      ['connect', 'subscribe'],
      ['enter'],
    ])
    await w.socket.reply('enter', 'entered', {})
    await entered
  })

  it('leaves, unsubscribes if that was its only use, and does not come back', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const entered = room.enter('Ada')
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await w.socket.reply('enter', 'entered', {})
    await entered
    const left = room.leave()
    await settle()
    await w.socket.reply('leave', 'left', {})
    await left
    await settle()
    expect(w.socket.commands.map(({ kind }) => kind).slice(-2)).toEqual(['leave', 'unsubscribe'])
    expect(w.clock.waiting).toBe(2)
  })

  it('is not repeated after a refusal', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('message', () => {})
    const entered = room.enter({ name: 5 })
    const refused = expect(entered).rejects.toMatchObject({ kind: 'invalid-payload' })
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await w.socket.reply('enter', 'error', { code: CODES['invalid-payload'].code, message: 'data.name' })
    await refused
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, since: position(1) })
  })
})

describe('asking who is present', () => {
  it('gives the members, and names the nodes that are silent', async () => {
    const w = await connected()
    const asked = w.client.channel(LOBBY).members()
    await settle()
    await w.socket.reply('presence', 'presence', {
      channel: LOBBY,
      count: 1,
      members: [member('a', 'Ada')],
      silent: ['node-3'],
    })
    const members = await asked
    expect([...members]).toEqual([{ session: 'a', user: 'u-a', since: 5, data: { name: 'Ada' } }])
    expect(members.silent).toEqual(['node-3'])
    expect(w.socket.count('subscribe')).toBe(0)
  })
})
