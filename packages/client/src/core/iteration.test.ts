import { CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, publication, subscribedAt } from '../../test/world.js'
import type { IterateOptions } from './types.js'

const LOBBY = 'chat:lobby'

async function iterating(options: IterateOptions = {}) {
  const w = await connected()
  const room = w.client.channel(LOBBY)
  const iteration = room.messages(options)
  await settle()
  await w.socket.reply('subscribe', 'subscribed', subscribedAt(0))
  const publish = (...offsets: number[]) =>
    w.socket.say(
      ...offsets.map((offset) => ({ id: 0, kind: 'publication', body: publication(offset) }) as const),
    )
  return { w, room, iteration, publish }
}

describe('iterating over a channel', () => {
  it('subscribes, gives publications in order, and unsubscribes when the loop is left', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const heard: unknown[] = []
    const loop = (async () => {
      for await (const { message, offset, time, recovered, gap } of room) {
        heard.push([message, offset, time, recovered, gap])
        if (message === 3) break
      }
    })()
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(0))
    for (const offset of [1, 2, 3, 4]) await w.socket.push('publication', publication(offset))
    await loop
    await settle()
    expect(heard).toEqual([
      [1, 1, 1001, false, undefined],
      [2, 2, 1002, false, undefined],
      [3, 3, 1003, false, undefined],
    ])
    expect(w.socket.count('unsubscribe')).toBe(1)
  })

  it('leaves the subscription to others who use it', async () => {
    const { w, room, iteration } = await iterating()
    room.on('message', () => {})
    await iteration.return?.()
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(0)
  })

  it('keeps what comes while nobody reads, and serves many readers at once', async () => {
    const { iteration, publish } = await iterating()
    await publish(1, 2)
    const results = [iteration.next(), iteration.next(), iteration.next(), iteration.next()]
    await publish(3, 4)
    const values = await Promise.all(results)
    expect(values.map(({ value }) => value.message)).toEqual([1, 2, 3, 4])
  })

  it('ends with slow-consumer when more waits than the buffer holds, after what waits [P6.2]', async () => {
    const { w, iteration, publish } = await iterating({ buffer: 2 })
    await publish(1, 2)
    expect((await iteration.next()).value).toMatchObject({ message: 1 })
    await publish(3, 4)
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(1)
    expect((await iteration.next()).value).toMatchObject({ message: 2 })
    expect((await iteration.next()).value).toMatchObject({ message: 3 })
    await expect(iteration.next()).rejects.toMatchObject({
      kind: 'slow-consumer',
      message: 'buffer: 2 wait already',
    })
    expect(await iteration.next()).toEqual({ done: true, value: undefined })
  })

  it('says with a publication what was lost right before it', async () => {
    const { w, iteration, publish } = await iterating()
    const gap = (from: number, to: number) =>
      w.socket.push('gap', {
        channel: LOBBY,
        from: position(from),
        to: position(to),
        reason: 'slow-consumer',
      })
    await gap(0, 5)
    await gap(5, 7)
    await publish(8, 9)
    expect((await iteration.next()).value).toMatchObject({
      message: 8,
      gap: { from: position(0), to: position(7), reason: 'slow-consumer' },
    })
    expect((await iteration.next()).value.gap).toBeUndefined()
  })

  it('rejects when the subscription is refused, once', async () => {
    const w = await connected()
    const iteration = w.client.channel(LOBBY).messages()
    const first = iteration.next()
    const failed = expect(first).rejects.toMatchObject({ kind: 'forbidden' })
    await settle()
    await w.socket.reply('subscribe', 'error', { code: CODES.forbidden.code, message: 'No' })
    await failed
    expect(await iteration.next()).toEqual({ done: true, value: undefined })
    expect(w.reports).toEqual([])
  })

  it('goes on across cuts', async () => {
    const { w, iteration, publish } = await iterating()
    await publish(1)
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    await w.socket.reply(
      'subscribe',
      'subscribed',
      subscribedAt(2, { recovered: true, publications: [publication(2)] }),
    )
    const messages = [(await iteration.next()).value, (await iteration.next()).value]
    expect(messages).toMatchObject([
      { message: 1, recovered: false },
      { message: 2, recovered: true },
    ])
  })

  it('ends quietly with unsubscribe() and with close(), and with its code when the server closes for good', async () => {
    const { w, room, iteration, publish } = await iterating()
    await publish(1)
    void room.unsubscribe()
    expect((await iteration.next()).value).toMatchObject({ message: 1 })
    expect((await iteration.next()).done).toBe(true)
    const second = room.messages()
    w.client.close()
    expect((await second.next()).done).toBe(true)
    const { w: v, iteration: third } = await iterating()
    const waiting = expect(third.next()).rejects.toMatchObject({ kind: 'disconnected' })
    v.client.on('error', () => {})
    await v.socket.drop(4502)
    await waiting
  })

  it('ends with its signal, at once', async () => {
    const controller = new AbortController()
    const { w, iteration, publish } = await iterating({ signal: controller.signal })
    await publish(1, 2)
    controller.abort('enough')
    await expect(iteration.next()).rejects.toMatchObject({ kind: 'aborted', cause: 'enough' })
    expect((await iteration.next()).done).toBe(true)
    await settle()
    expect(w.socket.count('unsubscribe')).toBe(1)
  })

  it('does not begin with a signal that has aborted', async () => {
    const w = await connected()
    const iteration = w.client.channel(LOBBY).messages({ signal: AbortSignal.abort() })
    await expect(iteration.next()).rejects.toMatchObject({ kind: 'aborted' })
    await settle()
    expect(w.socket.count('subscribe')).toBe(0)
  })

  it('takes its buffer from the options, and refuses one that is none', async () => {
    const w = await connected({ limits: { iterator: 1 } })
    const room = w.client.channel(LOBBY)
    expect(() => room.messages({ buffer: 0 })).toThrow('buffer must be a whole number above 0')
    const iteration = room.messages()
    await settle()
    await w.socket.reply('subscribe', 'subscribed', subscribedAt(0))
    await w.socket.push('publication', publication(1))
    await w.socket.push('publication', publication(2))
    await iteration.next()
    await expect(iteration.next()).rejects.toMatchObject({ kind: 'slow-consumer' })
  })
})
