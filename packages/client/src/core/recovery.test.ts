import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, publication, subscribed, subscribedAt, type World } from '../../test/world.js'

const LOBBY = 'chat:lobby'

/** The connection is cut and comes back; the subscriptions are not answered yet. */
async function reconnect(w: World): Promise<void> {
  await w.socket.drop()
  await w.clock.advance(600)
  await w.socket.accept()
}

describe('after a cut', () => {
  it('all subscriptions come back with connect in one frame, each from its position [P1.4] [P6.3]', async () => {
    const { w, heard } = await subscribed()
    w.client.channel('chat:other', { history: 4 }).on('message', () => {})
    await w.socket.push('publication', publication(11))
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    expect(w.socket.frames).toHaveLength(1)
    expect(w.socket.commands.map(({ kind, body }) => [kind, body])).toEqual([
      ['connect', expect.objectContaining({ resume: 'proof of s1' })],
      ['subscribe', { channel: LOBBY, since: position(11) }],
      ['subscribe', { channel: 'chat:other', history: 4 }],
    ])
    await w.socket.accept()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(0, { channel: 'chat:other' }))
    expect(heard).toEqual([11])
  })

  it('recovers what was missed, in order and once, and says that it was recovered [P5.3]', async () => {
    const { w, heard, room } = await subscribed()
    const states: string[] = []
    room.on('state', ({ name }) => states.push(name))
    await reconnect(w)
    await w.socket.reply(
      'subscribe',
      'subscribed',
      subscribedAt(12, { recovered: true, publications: [publication(11), publication(12)] }),
    )
    await w.socket.push('publication', publication(12))
    await w.socket.push('publication', publication(13))
    expect(heard).toEqual(['11r', '12r', 13])
    expect(states).toEqual(['subscribing', 'subscribed'])
  })

  it('says what was lost, once, also when the next cut comes before any message [P5.3]', async () => {
    const { w, heard } = await subscribed()
    await reconnect(w)
    const gap = { from: position(10), to: position(15), reason: 'history-trimmed' } as const
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(15, { recovered: false, gap }))
    await reconnect(w)
    expect(w.socket.last('subscribe').body.since).toEqual(position(15))
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(15, { recovered: true }))
    expect(heard).toEqual(['gap 10-15 history-trimmed'])
  })

  it('keeps the position of the first subscription when nothing was ever published [P6.3]', async () => {
    const { w } = await subscribed()
    for (let i = 0; i < 3; i++) {
      await reconnect(w)
      expect(w.socket.last('subscribe').body.since).toEqual(position(10))
    }
  })

  it('asks for history again when the cut came before the first answer', async () => {
    const w = await connected()
    w.client.channel(LOBBY, { history: 5 }).on('message', () => {})
    await settle()
    await reconnect(w)
    expect(w.socket.last('subscribe').body).toEqual({ channel: LOBBY, history: 5 })
  })

  it('hands on nothing of the old socket', async () => {
    const { w, heard } = await subscribed()
    const old = w.socket
    await old.drop()
    await old.push('publication', publication(11))
    await w.clock.advance(250)
    await w.socket.accept()
    await old.push('publication', publication(11))
    expect(heard).toEqual([])
  })

  it('does not subscribe again what was given up meanwhile', async () => {
    const { w, room } = await subscribed()
    await w.socket.drop()
    await room.unsubscribe()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.count('subscribe')).toBe(0)
  })
})

describe('a hole in the live stream', () => {
  it('is closed from history while later publications wait [P6.4]', async () => {
    const { w, heard } = await subscribed()
    await w.socket.push('publication', publication(13))
    await w.socket.push('publication', publication(14))
    expect(heard).toEqual([])
    expect(w.socket.last('history').body).toEqual({ channel: LOBBY, since: position(10) })
    await w.socket.reply('history', 'history', {
      channel: LOBBY,
      position: position(14),
      publications: [11, 12, 13, 14].map((offset) => publication(offset)),
    })
    expect(heard).toEqual(['11r', '12r', '13r', '14r'])
  })

  it('is recovered by the next subscription when the connection goes first [P6.4]', async () => {
    const { w, heard } = await subscribed()
    await w.socket.push('publication', publication(13))
    await reconnect(w)
    expect(w.socket.last('subscribe').body.since).toEqual(position(10))
    expect(w.socket.commands.map(({ kind }) => kind)).toEqual(['connect', 'subscribe'])
    await w.socket.reply(
      'subscribe',
      'subscribed',
      subscribedAt(13, { recovered: true, publications: [11, 12, 13].map((offset) => publication(offset)) }),
    )
    expect(heard).toEqual(['11r', '12r', '13r'])
  })

  it('is no reason to do anything when the client closes', async () => {
    const { w } = await subscribed()
    await w.socket.push('publication', publication(13))
    w.client.close()
    await settle()
    expect(w.clock.waiting).toBe(0)
    expect(w.socket.count('unsubscribe')).toBe(0)
  })

  it('hands on a gap the server pushes, and goes on from its end [P6.5]', async () => {
    const { w, heard, room } = await subscribed()
    await w.socket.push('gap', {
      channel: LOBBY,
      to: position(20),
      from: position(10),
      reason: 'slow-consumer',
    })
    await w.socket.push('publication', publication(21))
    expect(heard).toEqual(['gap 10-20 slow-consumer', 21])
    expect(room.position).toEqual(position(21))
  })

  it('subscribes anew from its position when too much waits: in one frame', async () => {
    const w = await connected({ limits: { held: 2 } })
    w.client.channel(LOBBY).on('message', () => {})
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(10))
    for (const offset of [12, 13, 14]) await w.socket.push('publication', publication(offset))
    expect(w.socket.frames.at(-1)?.map(({ kind }) => kind)).toEqual(['unsubscribe', 'subscribe'])
    expect(w.socket.last('subscribe').body.since).toEqual(position(10))
  })
})
