import { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, subscribedAt, type World } from '../../test/world.js'

const LOBBY = 'chat:lobby'
const tokenOf = (w: World) => w.socket.last('subscribe').body.token

describe('[P5.22] the token of a channel', () => {
  it('goes along where it is always the same', async () => {
    const w = await connected()
    void w.client.channel(LOBBY, { token: 'same' }).subscribe()
    await settle()
    expect(tokenOf(w)).toBe('same')
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3))
    await w.socket.drop()
    await w.clock.advance(500)
    await w.socket.accept()
    expect(w.socket.last('subscribe').body).toMatchObject({ token: 'same', since: position(3) })
  })

  it('is asked for whenever the channel is subscribed to, and only then', async () => {
    const w = await connected()
    let asked = 0
    const room = w.client.channel(LOBBY, { token: async () => `t${++asked}` })
    await settle()
    expect(asked).toBe(0)
    const heard: unknown[] = []
    room.on('message', (message) => heard.push(message))
    await settle()
    expect([tokenOf(w), w.socket.count('subscribe')]).toEqual(['t1', 1])
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3))
    await w.socket.drop()
    await w.clock.advance(500)
    await w.socket.accept()
    expect([tokenOf(w), room.state.name]).toEqual(['t2', 'subscribing'])
  })

  it('that has ended is followed by the next, from where the first stood', async () => {
    const w = await connected()
    let asked = 0
    const room = w.client.channel(LOBBY, { token: () => `t${++asked}` })
    room.on('message', () => {})
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3))
    await w.socket.push('unsubscribed', { channel: LOBBY, code: 4005, reason: 'The token has expired' })
    await w.clock.advance(500)
    expect(w.socket.last('subscribe').body).toMatchObject({ token: 't2', since: position(3) })
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3, { recovered: true }))
    expect(room.state.name).toBe('subscribed')
  })

  it.each([
    ['fails', () => Promise.reject(new Error('No network')), 500],
    ['hangs', () => new Promise<string>(() => {}), 10_500],
  ])('that %s is asked for again', async (_, first, within) => {
    const w = await connected()
    let asked = 0
    const room = w.client.channel(LOBBY, { token: () => (asked++ === 0 ? first() : 'late') })
    room.on('message', () => {})
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
    for (let left = within; left > 0; left -= 500) {
      await w.socket.push('ping', {})
      await w.clock.advance(500)
    }
    expect([tokenOf(w), asked]).toEqual(['late', 2])
  })

  it('that is refused for good makes the channel fail', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY, {
      token: () => {
        throw new MillraceError('forbidden', { message: 'You have left the team' })
      },
    })
    await expect(room.subscribe()).rejects.toMatchObject({
      kind: 'forbidden',
      message: 'You have left the team',
    })
  })

  it('that comes when nobody wants it any more is not used', async () => {
    const w = await connected()
    let bring = (_: string): void => {}
    const room = w.client.channel(LOBBY, { token: () => new Promise<string>((resolve) => (bring = resolve)) })
    const stop = room.on('message', () => {})
    await settle()
    stop()
    await settle()
    bring('late')
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
    expect(w.clock.waiting).toBe(1)
  })

  it('comes before whoever enters the channel: commands of a channel keep their order', async () => {
    const w = await connected()
    let bring = (_: string): void => {}
    const room = w.client.channel(LOBBY, { token: () => new Promise<string>((resolve) => (bring = resolve)) })
    room.on('message', () => {})
    await settle()
    const entered = room.enter({ name: 'Ada' })
    await settle()
    expect(w.socket.count('enter')).toBe(0)
    bring('t1')
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(1))
    await settle()
    await w.socket.reply('enter', 'entered', {})
    await entered
    expect(w.socket.commands.map(({ kind }) => kind).slice(-2)).toEqual(['subscribe', 'enter'])
  })
})
