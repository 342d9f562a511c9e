import type { MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, publication, subscribedAt } from '../../test/world.js'

const LOBBY = 'chat:lobby'
const REVOKED = 121
const TAKEN = { channel: LOBBY, code: REVOKED, reason: "Not allowed any more: subscribe on 'chat:lobby'" }
const MINUTES = 600_000

/** A client that follows the lobby, and what it was told. */
async function follower() {
  const w = await connected()
  const room = w.client.channel(LOBBY)
  const heard: unknown[] = []
  const errors: string[] = []
  room.on('message', (message) => heard.push(message))
  room.on('error', (error) => errors.push(`${(error as MillraceError).kind}: ${error.message}`))
  await settle()
  return { w, room, heard, errors }
}

/** The server answers its pings. */
async function pass(w: Awaited<ReturnType<typeof follower>>['w'], ms: number) {
  for (let passed = 0; passed < ms; passed += 10_000) {
    await w.clock.advance(10_000)
    await w.socket.push('ping', {})
  }
}

describe('[P5.13] a channel that was taken away', () => {
  it('has failed, says why, and is not asked for again on this connection', async () => {
    const { w, room, heard, errors } = await follower()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3))
    await w.socket.push('publication', publication(4))
    await w.socket.push('unsubscribed', TAKEN)
    await w.socket.push('publication', publication(5))
    await pass(w, MINUTES)
    expect(w.socket.count('subscribe')).toBe(1)
    expect([room.state.name, room.state.error?.kind, heard]).toEqual(['failed', 'revoked', [4]])
    expect(errors).toEqual([`revoked: ${TAKEN.reason}`])
    expect(w.client.state.name).toBe('connected')
  })

  it('is so as well before it was answered', async () => {
    const { w, room, errors } = await follower()
    await w.socket.push('unsubscribed', TAKEN)
    await w.socket.reply('subscribe', 'error', { code: REVOKED, message: TAKEN.reason })
    await pass(w, MINUTES)
    expect([room.state.name, errors, w.socket.count('subscribe')]).toEqual([
      ...['failed', [`revoked: ${TAKEN.reason}`], 1],
    ])
  })

  it('is asked for once by the next connection, and goes on from where it was when it is had again', async () => {
    const { w, room, heard, errors } = await follower()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(3))
    await w.socket.push('unsubscribed', TAKEN)
    for (const _ of ['once', 'and again']) {
      await w.socket.drop()
      await w.clock.advance(500)
      await w.socket.accept()
      await w.socket.reply('subscribe', 'error', { code: REVOKED, message: TAKEN.reason })
      await pass(w, MINUTES)
      expect([room.state.name, w.socket.count('subscribe')]).toEqual(['failed', 1])
    }
    expect(errors).toHaveLength(3)
    await w.socket.drop()
    await w.clock.advance(500)
    await w.socket.accept()
    const { since } = w.socket.last('subscribe').body
    expect(since?.offset).toBe(3)
    await w.socket.reply(
      'subscribe',
      'subscribed',
      subscribedAt(4, { recovered: true, publications: [publication(4)] }),
    )
    expect([room.state.name, heard]).toEqual(['subscribed', [4]])
  })
})
