import { CODES, jsonDialect } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import {
  connected,
  position,
  publication,
  subscribed,
  subscribedAt,
  type World,
  world,
} from '../../test/world.js'
import type { Channel } from './types.js'

const LOBBY = 'chat:lobby'

describe('subscribing', () => {
  it('is done by listeners, one command for all of a turn', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('message', () => {})
    room.on('ephemeral', () => {})
    w.client.channel(LOBBY).on('message', () => {})
    expect(room.state.name).toBe('unsubscribed')
    await settle()
    expect(w.socket.count('subscribe')).toBe(1)
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY })
    expect(room.state.name).toBe('subscribing')
  })

  it('is not done by listeners that only want to know how it fares', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('gap', () => {})
    room.on('state', () => {})
    room.on('error', () => {})
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
  })

  it('resolves when the server has confirmed, with what came along already handed on', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY, { history: 2 })
    const heard: unknown[] = []
    room.on('message', (message, delivery) => heard.push({ message, ...delivery }))
    room.on('state', ({ name }) => heard.push(name))
    const done = room.subscribe().then(() => heard.push('resolved'))
    await settle()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, history: 2 })
    await w.socket.reply(
      'subscribe',
      'subscribed',
      subscribedAt(2, { publications: [publication(1), publication(2)] }),
    )
    await done
    const about = { from: undefined, id: undefined, key: undefined, skipped: 0, recovered: true }
    expect(heard).toEqual([
      'subscribing',
      { message: 1, offset: 1, time: 1001, ...about },
      { message: 2, offset: 2, time: 1002, ...about },
      'subscribed',
      'resolved',
    ])
    expect(room.position).toEqual(position(2))
    await room.subscribe()
    expect(w.socket.count('subscribe')).toBe(1)
  })

  it('goes on from a position of an earlier life, once', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY, { since: position(5), history: 50 })
    void room.subscribe()
    await settle()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, since: position(5) })
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(9, { recovered: true }))
    void room.unsubscribe()
    void room.subscribe()
    await settle()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, history: 50 })
  })

  it('waits for the connection, and goes with connect in one frame [P1.4]', async () => {
    const w = world()
    w.client.channel('chat:a').on('message', () => {})
    w.client.channel('chat:b', { history: 3 }).on('message', () => {})
    const stored = w.client.channel('chat:a').publish('hi')
    await settle()
    await w.socket.open()
    expect(w.socket.frames.map((frame) => frame.map(({ kind }) => kind))).toEqual([
      ['connect', 'subscribe', 'subscribe'],
    ])
    await w.socket.accept()
    expect(w.socket.frames.at(-1)?.map(({ kind }) => kind)).toContain('publish')
    w.client.close()
    await expect(stored).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('subscribes what came into use while the first frame was under way', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    await w.socket.open()
    w.client.channel(LOBBY).on('message', () => {})
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
    await w.socket.reply('connect', 'connected', {
      session: 's',
      node: 'n',
      server: 's',
      heartbeat: 10_000,
      patience: 5000,
      maxMessage: 1000,
    })
    expect(w.socket.count('subscribe')).toBe(1)
  })

  it('shares one subscription among the handles of a name', async () => {
    const { w, heard } = await subscribed()
    const other = w.client.channel(LOBBY)
    const also: unknown[] = []
    other.on('message', (message) => also.push(message))
    await settle()
    await w.socket.push('publication', publication(11))
    expect(w.socket.count('subscribe')).toBe(1)
    expect(heard).toEqual([11])
    expect(also).toEqual([11])
    expect(other.position).toEqual(position(11))
    expect(other.state.name).toBe('subscribed')
  })

  it('takes the options of all who come in its first turn', async () => {
    const w = await connected()
    w.client.channel(LOBBY).on('message', () => {})
    w.client.channel(LOBBY, { history: 7 }).on('message', () => {})
    w.client.channel(LOBBY, { history: 9, presence: true }).on('ephemeral', () => {})
    await settle()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, history: 7, presence: true })
  })

  it('rejects by its deadline or its signal, and then keeps nothing subscribed', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const controller = new AbortController()
    const late = room.subscribe({ timeout: 1000 })
    const given = room.subscribe({ signal: controller.signal })
    await settle()
    controller.abort('changed my mind')
    await expect(given).rejects.toMatchObject({ kind: 'aborted', cause: 'changed my mind' })
    const rejected = expect(late).rejects.toMatchObject({
      kind: 'timeout',
      message: 'No answer to subscribe within 1000 ms',
    })
    await w.clock.advance(1000)
    await rejected
    expect(w.socket.count('unsubscribe')).toBe(1)
    expect(room.state.name).toBe('unsubscribed')
  })

  it('ignores the reply to a subscription that was given up meanwhile', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY, { history: 5 })
    const heard: unknown[] = []
    room.on('message', (message) => heard.push(message))
    await settle()
    const first = w.socket.last('subscribe').id
    const gone = room.unsubscribe()
    void room.subscribe()
    await settle()
    expect(w.socket.commands.map(({ kind }) => kind).slice(1)).toEqual([
      'subscribe',
      'unsubscribe',
      'subscribe',
    ])
    await w.socket.say({
      id: first,
      kind: 'subscribed',
      body: subscribedAt(3, { publications: [publication(3)] }),
    })
    expect(heard).toEqual([])
    await w.socket.reply('unsubscribe', 'unsubscribed', { channel: LOBBY })
    await gone
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3, { publications: [publication(3)] }))
    expect(heard).toEqual([3])
  })
})

describe('unsubscribing', () => {
  it('comes with the last listener, at the end of the turn', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const offs = [room.on('message', () => {}), room.on('ephemeral', () => {})]
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    offs[0]?.()
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(0)
    offs[1]?.()
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(1)
    expect(room.state.name).toBe('unsubscribed')
    expect(room.position).toBeUndefined()
    expect(w.clock.waiting).toBe(2)
  })

  it('does not happen when a listener is replaced within a turn', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const off = room.on('message', () => {})
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    off()
    room.on('message', () => {})
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(0)
    expect(w.socket.count('subscribe')).toBe(1)
  })

  it('leaves the subscription to those who still use it', async () => {
    const { w, room, heard } = await subscribed()
    const other = w.client.channel(LOBBY)
    const also: unknown[] = []
    other.on('message', (message) => also.push(message))
    await room.unsubscribe()
    await w.socket.push('publication', publication(11))
    expect(w.socket.count('unsubscribe')).toBe(0)
    expect(heard).toEqual([])
    expect(also).toEqual([11])
  })

  it('resolves when the server has confirmed; listeners stay and hear again after the next use', async () => {
    const { w, room, heard } = await subscribed()
    let gone = false
    const leaving = room.unsubscribe().then(() => {
      gone = true
    })
    await settle()
    expect(gone).toBe(false)
    await w.socket.push('publication', publication(11))
    await w.socket.reply('unsubscribe', 'unsubscribed', { channel: LOBBY })
    await leaving
    void room.subscribe()
    await settle()
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY })
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(20))
    await w.socket.push('publication', publication(21))
    expect(heard).toEqual([21])
  })

  it('resolves without a connection, and when the connection goes instead', async () => {
    const w = world()
    const room = w.client.channel(LOBBY)
    await room.unsubscribe()
    const { w: v, room: other } = await subscribed()
    const gone = other.unsubscribe()
    await settle()
    await v.socket.drop()
    await gone
  })

  it('rejects who still waits to be subscribed', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const waiting = room.subscribe()
    await settle()
    void room.unsubscribe()
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted', message: 'Unsubscribed' })
  })

  it('ends for a listener with its signal', async () => {
    const w = await connected()
    const controller = new AbortController()
    w.client.channel(LOBBY).on('message', () => {}, { signal: controller.signal })
    await settle()
    controller.abort()
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(1)
  })
})

describe('a refused subscription', () => {
  const refuse = (w: World, code: number, more = {}) =>
    w.socket.reply('subscribe', 'error', { code, message: 'No', ...more })

  it('fails, tells whoever waits, and is not tried again by itself', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const errors: Error[] = []
    room.on('error', (error) => errors.push(error))
    const waiting = room.subscribe()
    await settle()
    await refuse(w, CODES.forbidden.code)
    await expect(waiting).rejects.toMatchObject({ kind: 'forbidden', message: 'No' })
    expect(errors).toMatchObject([{ kind: 'forbidden' }])
    await w.clock.advance(5_000)
    expect(w.socket.count('subscribe')).toBe(1)
  })

  it('says so in its state, and is asked for again by the next use', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('error', () => {})
    room.on('message', () => {})
    await settle()
    await refuse(w, CODES.forbidden.code)
    expect(room.state).toMatchObject({ name: 'failed', error: { kind: 'forbidden' } })
    void room.subscribe()
    await settle()
    expect(w.socket.count('subscribe')).toBe(2)
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    expect(room.state).toEqual({ name: 'subscribed' })
  })

  it('is asked for again on the next connection: a new token may have rights', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    room.on('error', () => {})
    room.on('message', () => {})
    await settle()
    await refuse(w, CODES.forbidden.code)
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    expect(w.socket.count('subscribe')).toBe(1)
    expect(room.state.name).toBe('subscribing')
  })

  it('reaches the client when nobody listens on the channel, and the console when nobody does at all', async () => {
    const w = await connected()
    w.client.channel(LOBBY).on('message', () => {})
    await settle()
    await refuse(w, CODES.forbidden.code)
    expect(w.reports).toMatchObject([{ kind: 'forbidden' }])
    const told: Error[] = []
    w.client.on('error', (error) => told.push(error))
    w.client.channel('chat:other').on('message', () => {})
    await settle()
    await refuse(w, CODES.forbidden.code)
    expect(told).toMatchObject([{ kind: 'forbidden' }])
    expect(w.reports).toHaveLength(1)
  })

  it('is tried again where that may help, with back-off or when the server says [P5.5]', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const waiting = room.subscribe({ timeout: 60_000 })
    await settle()
    await refuse(w, CODES.unavailable.code)
    expect(room.state.name).toBe('subscribing')
    await w.clock.advance(249)
    expect(w.socket.count('subscribe')).toBe(1)
    await w.clock.advance(1)
    expect(w.socket.count('subscribe')).toBe(2)
    await refuse(w, CODES['rate-limited'].code, { retryAfter: 3000 })
    await w.clock.advance(2999)
    expect(w.socket.count('subscribe')).toBe(2)
    await w.clock.advance(1)
    expect(w.socket.count('subscribe')).toBe(3)
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await waiting
  })

  it('starts from scratch when the server holds one already, from where nobody knows [P5.5]', async () => {
    const w = await connected()
    w.client.channel(LOBBY).on('message', () => {})
    await settle()
    await refuse(w, CODES['already-subscribed'].code)
    await w.clock.advance(250)
    expect(w.socket.frames.at(-1)?.map(({ kind }) => kind)).toEqual(['unsubscribe', 'subscribe'])
    expect(w.reports).toEqual([])
  })

  it('is asked for again when the answer never comes', async () => {
    const w = await connected()
    w.client.channel(LOBBY).on('message', () => {})
    for (let i = 0; i < 4; i++) {
      await w.clock.advance(2_600)
      await w.socket.push('ping', {})
    }
    expect(w.socket.count('subscribe')).toBe(2)
  })

  it('is not asked for again while anything comes behind which the answer may be, such as parts of it [P3.11]', async () => {
    const w = await connected()
    const heard: unknown[] = []
    w.client.channel(LOBBY).on('message', (message) => heard.push(message))
    await settle()
    const answer = jsonDialect.encodeMessage({
      ...{ id: w.socket.last('subscribe').id, kind: 'subscribed' },
      body: subscribedAt(1, { publications: [publication(1)] }),
    })
    // A link that takes eight seconds for each of them.
    for (const piece of [...answer].slice(0, -1)) {
      await w.clock.advance(8_000)
      await w.socket.raw(`+${piece}`)
    }
    await w.clock.advance(8_000)
    await w.socket.raw(`.${answer.at(-1)}`)
    await w.socket.push('publication', publication(2))
    expect([heard, w.socket.count('subscribe'), w.sockets.length]).toEqual([[1, 2], 1, 1])
  })

  it('is over for who unsubscribes by the deadline, whatever comes and whether the server says so', async () => {
    const { w, room } = await subscribed()
    let over = false
    void room.unsubscribe().then(() => {
      over = true
    })
    for (let i = 0; i < 4; i++) {
      await w.clock.advance(2_600)
      await w.socket.push('publication', publication(11 + i))
    }
    expect(over).toBe(true)
  })
})

describe('the server’s own subscriptions', () => {
  it('are told, and their channel is used like any other [P5.13]', async () => {
    const w = await connected()
    const heard: unknown[] = []
    const found: Channel[] = []
    w.client.on('subscription', (room) => {
      found.push(room)
      room.on('message', (message) => heard.push(message))
    })
    await w.socket.say(
      { id: 0, kind: 'subscribed', body: subscribedAt(4) },
      { id: 0, kind: 'publication', body: publication(5) },
    )
    expect(found.map(({ name, state }) => [name, state.name])).toEqual([[LOBBY, 'subscribed']])
    expect(heard).toEqual([5])
    expect(w.socket.count('subscribe')).toBe(0)
  })

  it('reach the handles there are, and outlive them', async () => {
    const w = await connected()
    await w.socket.push('subscribed', subscribedAt(4))
    const room = w.client.channel(LOBBY)
    const heard: unknown[] = []
    const off = room.on('message', (message) => heard.push(message))
    await settle()
    await w.socket.push('publication', publication(5))
    off()
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(0)
    expect(w.client.channel(LOBBY).position).toEqual(position(5))
    const gone = w.client.channel(LOBBY).unsubscribe()
    await settle()
    await w.socket.reply('unsubscribe', 'unsubscribed', { channel: LOBBY })
    await gone
    expect(heard).toEqual([5])
  })

  it('are resubscribed by the client after a cut, where it has use for them, from its position', async () => {
    const w = await connected()
    await w.socket.push('subscribed', subscribedAt(4))
    w.client.channel(LOBBY).on('message', () => {})
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.last('subscribe').body.since).toEqual(position(4))
  })

  it('read history up to where the server began, when there is a position already [P6.4]', async () => {
    const w = await connected()
    const heard: unknown[] = []
    let told = 0
    w.client.on('subscription', (room) => {
      told++
      room.on('message', (message) => heard.push(message))
    })
    await w.socket.push('subscribed', subscribedAt(4))
    await w.socket.push('subscribed', subscribedAt(6))
    expect(told).toBe(1)
    expect(w.socket.last('history').body.since).toEqual(position(4))
    await w.socket.reply('history', 'history', {
      channel: LOBBY,
      position: position(6),
      publications: [publication(5), publication(6)],
    })
    expect(heard).toEqual([5, 6])
  })

  it('end with code and reason: for good, or to be asked for again [P5.13]', async () => {
    const { w, room } = await subscribed()
    const errors: Error[] = []
    room.on('error', (error) => errors.push(error))
    await w.socket.push('unsubscribed', { channel: LOBBY, code: 4001, reason: 'too slow' })
    expect(room.state.name).toBe('subscribing')
    await w.clock.advance(250)
    expect(w.socket.last('subscribe').body.since).toEqual(position(10))
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(10, { recovered: true }))
    await w.socket.push('unsubscribed', { channel: LOBBY, code: 4502, reason: 'You were banned' })
    expect(room.state).toMatchObject({ name: 'failed' })
    expect(errors).toMatchObject([{ code: 4502, message: 'You were banned' }])
    await w.clock.advance(5_000)
    expect(w.socket.count('subscribe')).toBe(2)
  })

  it('end without anybody’s use for them', async () => {
    const w = await connected()
    await w.socket.push('subscribed', subscribedAt(4))
    await w.socket.push('unsubscribed', { channel: LOBBY })
    expect(w.client.channel(LOBBY).state.name).toBe('unsubscribed')
    expect(w.reports).toEqual([])
  })
})

describe('messages that cannot be read', () => {
  it('are told as errors, and the stream goes on', async () => {
    const { w, room, heard } = await subscribed()
    const errors: Error[] = []
    room.on('error', (error) => errors.push(error))
    await w.socket.push('publication', {
      ...publication(11),
      data: { codec: 'msgpack', bytes: new Uint8Array([1]) },
    })
    await w.socket.push('publication', publication(12))
    expect(errors).toMatchObject([{ kind: 'unsupported-codec' }])
    expect(heard).toEqual([12])
  })

  it('of channels nobody asked for are ignored', async () => {
    const w = await connected()
    await w.socket.push('publication', publication(1))
    await w.socket.push('gap', { channel: LOBBY, to: position(5), reason: 'slow-consumer' })
    await w.socket.push('unsubscribed', { channel: LOBBY })
    expect(w.client.state.name).toBe('connected')
    expect(w.reports).toEqual([])
  })
})

describe('listeners that throw', () => {
  it('harm neither the others nor the stream; the error is told', async () => {
    const { w, room, heard } = await subscribed()
    const errors: Error[] = []
    w.client.on('error', (error) => errors.push(error))
    const bad = room.on('message', () => {
      throw new Error('broken listener')
    })
    await w.socket.push('publication', publication(11))
    bad()
    await w.socket.push('publication', publication(12))
    expect(heard).toEqual([11, 12])
    expect(errors).toEqual([new Error('broken listener')])
  })

  it('also when they listen for errors', async () => {
    const { w, room } = await subscribed()
    w.client.on('error', () => {
      throw new Error('even worse')
    })
    room.on('message', () => {
      throw new Error('broken listener')
    })
    await w.socket.push('publication', publication(11))
    expect(w.reports).toEqual([new Error('even worse')])
    expect(w.client.state.name).toBe('connected')
  })
})

describe('handles', () => {
  it('cost nothing when they are done', async () => {
    const w = await connected()
    for (let i = 0; i < 100; i++) {
      const off = w.client.channel(`chat:${i}`).on('message', () => {})
      off()
    }
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
    expect(w.clock.waiting).toBe(1)
  })
})
