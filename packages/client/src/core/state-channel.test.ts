import type { MessageBodies } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, subscribedAt, type World } from '../../test/world.js'

const QUOTES = 'quotes:nyse'
/** The clock of the test world at its start. */
const NOW = 1_700_000_000_000

const value = (
  offset: number,
  key: string,
  more: Partial<MessageBodies['publication']> = {},
): MessageBodies['publication'] => ({
  channel: QUOTES,
  offset,
  time: NOW,
  key,
  data: { codec: 'json', value: `${key}${offset}` },
  ...more,
})
const removal = (offset: number, key: string) =>
  value(offset, key, { removed: true, data: { codec: 'json', value: null } })

async function scene(ttl = 60_000) {
  const w = await connected()
  const room = w.client.channel(QUOTES)
  const heard: unknown[] = []
  room.on('message', (message, { recovered }) => heard.push(recovered ? `${message} r` : message))
  room.on('removed', (key, { offset }) => heard.push(`-${key}${offset}`))
  room.on('snapshot', () => heard.push('snapshot'))
  room.on('gap', () => heard.push('gap'))
  const values = () => [...room.values].map(([key, { message, offset }]) => [key, message, offset])
  const stands = (head: number, more: object) =>
    w.socket.reply('subscribe', 'subscribed', subscribedAt(head, { channel: QUOTES, ttl, ...more }))
  await settle()
  await stands(9, { snapshot: true, publications: [value(4, 'a'), value(9, 'b', { prev: 4 })] })
  return { w, room, heard, values, stands }
}

async function reconnect(w: World): Promise<void> {
  await w.socket.drop()
  await w.clock.advance(600)
  await w.socket.accept()
}

describe('a state channel', () => {
  it('has the values there are, and those that come, the newest last [P5.20]', async () => {
    const { w, room, heard, values } = await scene()
    expect(values()).toEqual([
      ['a', 'a4', 4],
      ['b', 'b9', 9],
    ])
    await w.socket.push('publication', value(10, 'a'))
    await w.socket.push('publication', removal(11, 'b'))
    await w.socket.push('publication', value(12, 'c'))
    expect(values()).toEqual([
      ['a', 'a10', 10],
      ['c', 'c12', 12],
    ])
    expect(heard).toEqual(['snapshot', 'a4 r', 'b9 r', 'a10', '-b11', 'c12'])
    expect(room.position).toEqual(position(12))
  })

  it('goes on after a cut with what changed [P5.20]', async () => {
    const { w, heard, values, stands } = await scene()
    await reconnect(w)
    expect(w.socket.last('subscribe').body.since).toEqual(position(9))
    await stands(20, {
      recovered: true,
      publications: [value(12, 'b', { prev: 9 }), value(20, 'c', { prev: 12 })],
    })
    await w.socket.push('publication', value(21, 'a'))
    expect(heard.slice(3)).toEqual(['b12 r', 'c20 r', 'a21'])
    expect(values().map(([key]) => key)).toEqual(['b', 'c', 'a'])
  })

  it('forgets what it knew when it is told all there is, also of another epoch [P5.20]', async () => {
    const { w, room, heard, values, stands } = await scene()
    await reconnect(w)
    const publications = [value(2, 'c', { prev: 0 })]
    await stands(3, { recovered: true, snapshot: true, publications, position: position(3, 'e2') })
    expect(heard.slice(3)).toEqual(['snapshot', 'c2 r'])
    expect([values(), room.position]).toEqual([[['c', 'c2', 2]], position(3, 'e2')])
  })

  it('asks for all there is when it goes on from an earlier life, of which it has no values [P5.20]', async () => {
    const w = await connected()
    const room = w.client.channel(QUOTES, { since: position(9) })
    const heard: unknown[] = []
    room.on('message', (message) => heard.push(message))
    await settle()
    const reply = { channel: QUOTES, ttl: 60_000 }
    const changed = { recovered: true, publications: [value(12, 'b', { prev: 9 })] }
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(12, { ...reply, ...changed }))
    expect([heard, w.socket.last('subscribe').body]).toEqual([[], { channel: QUOTES }])
    const all = { snapshot: true, publications: [value(4, 'a'), value(12, 'b', { prev: 4 })] }
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(12, { ...reply, ...all }))
    expect([heard, [...room.values.keys()]]).toEqual([
      ['a4', 'b12'],
      ['a', 'b'],
    ])
  })

  it('has no gaps: when the stream began anew it asks for all there is [P5.20]', async () => {
    const { w, heard, stands } = await scene()
    await w.socket.push('gap', {
      channel: QUOTES,
      from: position(9),
      to: position(0, 'e2'),
      reason: 'epoch-changed',
    })
    expect(w.socket.last('subscribe').body).toEqual({ channel: QUOTES })
    await stands(1, { snapshot: true, publications: [value(1, 'z')], position: position(1, 'e2') })
    expect(heard.slice(3)).toEqual(['snapshot', 'z1 r'])
  })

  it('asks for the rest of a large state, which is part of it [P5.15] [P5.20]', async () => {
    const { w, heard, values, stands } = await scene()
    await reconnect(w)
    await stands(9, {
      recovered: true,
      snapshot: true,
      more: true,
      publications: [value(3, 'a', { prev: 0 })],
    })
    await w.socket.push('publication', value(10, 'd'))
    expect(w.socket.last('history').body.since).toEqual(position(3))
    await w.socket.reply('history', 'history', {
      channel: QUOTES,
      position: position(9),
      publications: [value(7, 'b', { prev: 3 }), value(9, 'c', { prev: 7 })],
    })
    expect(heard.slice(3)).toEqual(['snapshot', 'a3 r', 'b7 r', 'c9 r', 'd10'])
    expect(values()).toHaveLength(4)
  })

  it('lets go of values whose time is over, by the server’s clock [P5.20]', async () => {
    const { w, values } = await scene(8000)
    await w.clock.advance(7000)
    await w.socket.push('publication', value(10, 'b', { time: NOW + 7000 }))
    await w.clock.advance(2000)
    expect(values().map(([key]) => key)).toEqual(['b'])
  })

  it('is empty once it is unsubscribed, and for who never was', async () => {
    const { w, room, values } = await scene()
    void room.unsubscribe()
    await settle()
    expect(values()).toEqual([])
    expect([...w.client.channel('other:one').values]).toEqual([])
  })

  it('removes, and publishes on a condition [P5.19]', async () => {
    const { w, room } = await scene()
    const removed = room.remove('a', { expect: 4 })
    await settle()
    expect(w.socket.last('publish').body).toMatchObject({
      channel: QUOTES,
      remove: 'a',
      expect: 4,
      data: { codec: 'json', value: null },
    })
    await w.socket.reply('publish', 'published', { position: position(10) })
    expect(await removed).toMatchObject(position(10))
    const refused = room.publish('x', { expect: 0 })
    await settle()
    await w.socket.reply('publish', 'error', { code: 120, message: 'another one' })
    await expect(refused).rejects.toMatchObject({ kind: 'conflict', retry: 'never' })
  })
})

describe('the lag of a client', () => {
  it('is from storing to delivery, the clocks’ difference taken out [P1.11]', async () => {
    const { w } = await scene()
    expect(w.client.lag).toBeUndefined()
    await w.clock.advance(250)
    await w.socket.push('publication', value(10, 'a', { time: NOW + 200 }))
    expect(w.client.lag).toBe(50)
    await w.socket.push('publication', value(11, 'a', { time: NOW + 900 }))
    expect(w.client.lag).toBe(0)
  })
})
