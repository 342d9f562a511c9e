import { CODES } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, position, publication, type World, world } from '../../test/world.js'

const LOBBY = 'chat:lobby'
const published = (w: World, id: number, offset: number) =>
  w.socket.say({ id, kind: 'published', body: { position: position(offset) } })

describe('publishing', () => {
  it('resolves with the position [P5.6]', async () => {
    const w = await connected()
    const stored = w.client.channel(LOBBY).publish({ text: 'hi' })
    await settle()
    const { id, body } = w.socket.last('publish')
    expect(body).toEqual({
      channel: LOBBY,
      id: expect.stringMatching(/^[a-z0-9]+-[a-z0-9]+$/),
      data: { codec: 'json', value: { text: 'hi' } },
    })
    await published(w, id, 7)
    expect(await stored).toEqual(position(7))
    expect(w.socket.count('subscribe')).toBe(0)
    expect(w.client.channel(LOBBY).state.name).toBe('unsubscribed')
  })

  it('says its id and whether to leave this session out [P5.7]', async () => {
    const w = await connected()
    void w.client
      .channel(LOBBY)
      .publish(1, { id: 'mine', excludeSelf: true })
      .catch(() => {})
    await settle()
    expect(w.socket.last('publish').body).toMatchObject({ id: 'mine', excludeSelf: true })
  })

  it('sends the value as it was, though it is changed before the frame leaves', async () => {
    const w = await connected()
    const message = { text: 'before' }
    void w.client
      .channel(LOBBY)
      .publish(message)
      .catch(() => {})
    message.text = 'after'
    await settle()
    expect(w.socket.last('publish').body.data).toEqual({ codec: 'json', value: { text: 'before' } })
  })

  it('rejects a value that cannot be written, and sends nothing', async () => {
    const w = await connected()
    const circle: { self?: unknown } = {}
    circle.self = circle
    await expect(w.client.channel(LOBBY).publish(circle)).rejects.toMatchObject({ kind: 'invalid-payload' })
    expect(w.socket.count('publish')).toBe(0)
  })

  it('rejects with what the server answers, with the field [P5.12]', async () => {
    const w = await connected()
    const stored = w.client.channel(LOBBY).publish({ text: 5 })
    await settle()
    await w.socket.reply('publish', 'error', {
      code: CODES['invalid-payload'].code,
      message: 'data.text: expected a string',
      field: 'data.text',
    })
    await expect(stored).rejects.toMatchObject({
      kind: 'invalid-payload',
      field: 'data.text',
      retry: 'never',
      fault: 'client',
    })
  })

  it('that is answered unavailable is tried again with the same id, with back-off or when the server says', async () => {
    const w = await connected()
    const stored = w.client.channel(LOBBY).publish(1, { expect: 4 })
    await settle()
    const { id, body } = w.socket.last('publish')
    const { code } = CODES.unavailable
    await w.socket.reply('publish', 'error', { code, message: 'The broker is away' })
    await w.clock.advance(249)
    expect(w.socket.count('publish')).toBe(1)
    await w.clock.advance(1)
    expect(w.socket.count('publish')).toBe(2)
    expect(w.socket.last('publish')).toMatchObject({ id, body })
    await w.socket.reply('publish', 'error', { code, message: 'Still away', retryAfter: 3000 })
    await w.clock.advance(2999)
    expect(w.socket.count('publish')).toBe(2)
    await w.clock.advance(1)
    await published(w, id, 7)
    expect(await stored).toEqual(position(7))
    expect([w.socket.count('publish'), w.clock.waiting]).toEqual([3, 1])
  })

  it('that is answered unavailable until its time is up rejects with that', async () => {
    const w = await connected()
    const stored = w.client.channel(LOBBY).publish(1, { timeout: 2000 })
    const failed = expect(stored).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'The broker is away',
    })
    for (let count = 1; count <= 4; count++) {
      await settle()
      expect(w.socket.count('publish')).toBe(count)
      const { code } = CODES.unavailable
      await w.socket.reply('publish', 'error', { code, message: 'The broker is away', retryAfter: 550 })
      await w.clock.advance(550)
    }
    await failed
    await w.clock.advance(10_000)
    expect(w.socket.count('publish')).toBe(4)
  })

  it('that is answered unavailable may be given up, and is sent once by the next connection', async () => {
    const w = await connected()
    const controller = new AbortController()
    const room = w.client.channel(LOBBY)
    const given = room.publish(1, { signal: controller.signal })
    const kept = room.publish(2)
    await settle()
    for (const { id } of w.socket.commands.filter(({ kind }) => kind === 'publish'))
      await w.socket.say({
        id,
        kind: 'error',
        body: { code: CODES.unavailable.code, message: '', retryAfter: 1000 },
      })
    controller.abort()
    await expect(given).rejects.toMatchObject({ kind: 'aborted' })
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.count('publish')).toBe(1)
    // The first answer's wait would end now, but there is a newer one.
    const { id } = w.socket.last('publish')
    const { code } = CODES.unavailable
    await w.socket.say({ id, kind: 'error', body: { code, message: '', retryAfter: 5000 } })
    await w.clock.advance(4999)
    expect(w.socket.count('publish')).toBe(1)
    await w.clock.advance(1)
    expect(w.socket.count('publish')).toBe(2)
    await published(w, id, 8)
    expect(await kept).toEqual(position(8))
    await w.clock.advance(10_000)
    expect(w.socket.count('publish')).toBe(2)
  })

  it.each(['rate-limited', 'overloaded', 'internal-error'] as const)(
    'that is answered %s is the caller’s to try again',
    async (kind) => {
      const w = await connected()
      const stored = w.client.channel(LOBBY).publish(1)
      await settle()
      await w.socket.reply('publish', 'error', { code: CODES[kind].code, message: '', retryAfter: 10 })
      await expect(stored).rejects.toMatchObject({ kind })
    },
  )

  it('alone is tried again: a call may have been carried out', async () => {
    const w = await connected()
    const answered = w.client.call('pay', 1)
    await settle()
    await w.socket.reply('call', 'error', { code: CODES.unavailable.code, message: '' })
    await expect(answered).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('of one turn goes as one frame, in order', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    for (const n of [1, 2, 3]) room.publish(n).catch(() => {})
    await settle()
    expect(w.socket.frames.at(-1)?.map((command) => command.body)).toMatchObject(
      [1, 2, 3].map((value) => ({ data: { value } })),
    )
  })

  it('rejects by its deadline, whatever the network does', async () => {
    const w = world()
    const one = w.client.channel(LOBBY).publish(1)
    const two = w.client.channel(LOBBY).publish(2, { timeout: '90s' })
    const failed = [
      expect(one).rejects.toMatchObject({ kind: 'timeout', message: 'No answer to publish within 10000 ms' }),
      expect(two).rejects.toMatchObject({ kind: 'timeout' }),
    ]
    await w.clock.advance(10_000)
    await failed[0]
    await w.clock.advance(80_000)
    await failed[1]
  })

  it('rejects a timeout that is none', async () => {
    const w = await connected()
    await expect(w.client.channel(LOBBY).publish(1, { timeout: 'soon' as '1s' })).rejects.toThrow(TypeError)
    await expect(w.client.channel(LOBBY).publish(1, { timeout: 0 })).rejects.toThrow(
      'above 0 and below 25 days, not 0',
    )
  })

  it('is given up by its signal, and is not sent when it was not yet', async () => {
    const w = world()
    const controller = new AbortController()
    const stored = w.client.channel(LOBBY).publish('never', { signal: controller.signal })
    const other = w.client
      .channel(LOBBY)
      .publish('sent')
      .catch(() => {})
    await settle()
    controller.abort(new Error('navigated away'))
    await expect(stored).rejects.toMatchObject({ kind: 'aborted', cause: new Error('navigated away') })
    await w.socket.accept()
    expect(w.socket.count('publish')).toBe(1)
    expect(w.socket.last('publish').body.data).toMatchObject({ value: 'sent' })
    w.client.close()
    await other
  })

  it('is not even begun with a signal that has aborted', async () => {
    const w = await connected()
    const first = w.client
      .channel(LOBBY)
      .publish(1)
      .catch(() => {})
    await expect(
      w.client.channel(LOBBY).publish(2, { signal: AbortSignal.abort('no') }),
    ).rejects.toMatchObject({ kind: 'aborted', cause: 'no' })
    expect(w.socket.count('publish')).toBe(1)
    w.client.close()
    await first
  })

  it('lets go of its signal and its timer when it is done', async () => {
    const w = await connected()
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      addEventListener: (_: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_: 'abort', listener: () => void) => void listeners.delete(listener),
    }
    const timers = w.clock.waiting
    const stored = w.client.channel(LOBBY).publish(1, { signal })
    await settle()
    expect([listeners.size, w.clock.waiting]).toEqual([1, timers + 1])
    await w.socket.reply('publish', 'published', { position: position(1) })
    await stored
    expect([listeners.size, w.clock.waiting]).toEqual([0, timers])
  })

  it('ignores replies nobody waits for any more', async () => {
    const w = await connected()
    const stored = w.client.channel(LOBBY).publish(1, { timeout: 1000 })
    const rejected = expect(stored).rejects.toMatchObject({ kind: 'timeout' })
    await w.clock.advance(1000)
    await rejected
    await w.socket.reply('publish', 'published', { position: position(1) })
    await w.socket.say({ id: 999, kind: 'error', body: { code: 200, message: 'late' } })
    expect(w.reports).toEqual([])
    expect(w.client.state.name).toBe('connected')
  })
})

describe('without a connection', () => {
  it('requests wait in order and are sent after the subscriptions', async () => {
    const w = world()
    const room = w.client.channel(LOBBY)
    room.on('message', () => {})
    const calls = [
      room.publish(1),
      w.client.call('sum', 1),
      room.publish(2),
      room.history({ limit: 5 }),
      room.members(),
    ]
    for (const call of calls) call.catch(() => {})
    await settle()
    await w.socket.accept()
    expect(w.socket.frames.map((frame) => frame.map(({ kind }) => kind))).toEqual([
      ['connect', 'subscribe'],
      ['publish', 'call', 'publish', 'history', 'presence'],
    ])
  })

  it('a publish whose connection was lost is sent again with the same id, before later ones', async () => {
    const w = await connected()
    const room = w.client.channel(LOBBY)
    const first = room.publish('first')
    await settle()
    const { body } = w.socket.last('publish')
    await w.socket.drop()
    const second = room.publish('second')
    await w.clock.advance(250)
    await w.socket.accept()
    const sent = w.socket.commands.filter(({ kind }) => kind === 'publish')
    expect(sent.map((command) => command.body)).toEqual([
      body,
      expect.objectContaining({ data: { codec: 'json', value: 'second' } }),
    ])
    await published(w, sent[0]?.id ?? 0, 4)
    await published(w, sent[1]?.id ?? 0, 5)
    expect(await Promise.all([first, second])).toEqual([position(4), position(5)])
  })

  it('a call that was sent fails when its connection is lost; one that was not waits', async () => {
    const w = await connected()
    const sent = w.client.call('sum', 1)
    await settle()
    const failed = expect(sent).rejects.toMatchObject({ kind: 'connection-lost', retry: 'later' })
    await w.socket.drop()
    await failed
    const waiting = w.client.call('sum', 2)
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.count('call')).toBe(1)
    await w.socket.reply('call', 'answered', { data: { codec: 'json', value: 4 } })
    expect(await waiting).toBe(4)
  })

  it('a call that waits survives attempts that fail', async () => {
    const w = world()
    const waiting = w.client.call('sum', 2)
    await settle()
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.open()
    await w.socket.drop()
    await w.clock.advance(500)
    await w.socket.accept()
    expect(w.socket.count('call')).toBe(1)
    await w.socket.reply('call', 'answered', { data: { codec: 'json', value: 4 } })
    expect(await waiting).toBe(4)
  })

  it('no more wait than the limit; the next is refused at once', async () => {
    const w = world({ limits: { pending: 3 } })
    const room = w.client.channel(LOBBY)
    const waiting = [room.publish(1), room.publish(2), room.history()]
    for (const one of waiting) one.catch(() => {})
    await expect(room.publish(4)).rejects.toMatchObject({
      kind: 'limit-exceeded',
      message: 'limits.pending: 3 wait already',
    })
    await settle()
    await w.socket.accept()
    await w.socket.reply('publish', 'published', { position: position(1) })
    void room.publish(5).catch(() => {})
    await settle()
    expect(w.socket.count('publish')).toBe(3)
  })
})

describe('messages larger than the server reads', () => {
  it('are refused here, with size and limit, and the rest of their frame is sent [P3.9]', async () => {
    const w = world()
    void w.client.connect()
    await settle()
    await w.socket.accept({ maxMessage: 1000 })
    const room = w.client.channel(LOBBY)
    const small = [room.publish('a'), room.publish('b')]
    const large = room.publish('x'.repeat(2000))
    const refused = expect(large).rejects.toMatchObject({
      kind: 'message-too-large',
      message: expect.stringMatching(/^The message has 20\d\d bytes; the limit is 1000$/),
    })
    small.push(room.publish('c'))
    await refused
    expect(w.socket.count('publish')).toBe(3)
    for (const [offset, { id }] of w.socket.commands.filter(({ kind }) => kind === 'publish').entries())
      await published(w, id, offset)
    expect(await Promise.all(small)).toHaveLength(3)
  })

  it('are not made by putting many into one frame [P3.9]', async () => {
    const w = world()
    const room = w.client.channel(LOBBY)
    for (let i = 0; i < 50; i++) room.publish('x'.repeat(100)).catch(() => {})
    await settle()
    await w.socket.accept({ maxMessage: 1000 })
    const [, ...frames] = w.socket.frames
    expect(frames.length).toBeGreaterThan(5)
    expect(frames.flat().map(({ id }) => id)).toEqual(
      frames
        .flat()
        .map(({ id }) => id)
        .toSorted((a, b) => a - b),
    )
    expect(frames.flat()).toHaveLength(50)
  })
})

describe('reading history', () => {
  it('asks for what it is told and gives publications with their messages [P5.4]', async () => {
    const w = await connected()
    const page = w.client.channel(LOBBY).history({ before: 20, limit: 2 })
    await settle()
    expect(w.socket.last('history').body).toEqual({ channel: LOBBY, before: 20, limit: 2 })
    await w.socket.reply('history', 'history', {
      channel: LOBBY,
      position: position(30),
      more: true,
      publications: [{ ...publication(18), id: 'x', from: { session: 's', user: 'ada' } }, publication(19)],
    })
    expect(await page).toEqual({
      position: position(30),
      more: true,
      gap: undefined,
      publications: [
        {
          message: 18,
          offset: 18,
          time: 1018,
          id: 'x',
          from: { session: 's', user: 'ada' },
          key: undefined,
          skipped: 0,
          recovered: true,
        },
        {
          message: 19,
          offset: 19,
          time: 1019,
          id: undefined,
          from: undefined,
          key: undefined,
          skipped: 0,
          recovered: true,
        },
      ],
    })
  })

  it('is asked again after a cut', async () => {
    const w = await connected()
    const page = w.client.channel(LOBBY).history({ since: position(3) })
    await settle()
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    const gap = { from: position(3), to: position(5), reason: 'history-trimmed' } as const
    await w.socket.reply('history', 'history', {
      channel: LOBBY,
      position: position(5),
      gap,
      publications: [],
    })
    expect(await page).toMatchObject({ publications: [], more: false, gap })
  })
})

describe('ephemeral messages', () => {
  it('are sent without waiting for a reply [P3.3] [P5.8]', async () => {
    const w = await connected()
    w.client.channel(LOBBY).sendEphemeral({ typing: true }, { excludeSelf: true })
    await settle()
    expect(w.socket.last('ephemeral')).toEqual({
      id: 0,
      kind: 'ephemeral',
      body: { channel: LOBBY, excludeSelf: true, data: { codec: 'json', value: { typing: true } } },
    })
    expect(w.clock.waiting).toBe(1)
  })

  it('are dropped without a connection, and when the link is congested', async () => {
    const w = world()
    const room = w.client.channel(LOBBY)
    room.sendEphemeral(1)
    await settle()
    await w.socket.accept()
    expect(w.socket.count('ephemeral')).toBe(0)
    w.socket.buffered = 65_537
    room.sendEphemeral(2)
    await settle()
    expect(w.socket.count('ephemeral')).toBe(0)
    w.socket.buffered = 65_536
    room.sendEphemeral(3)
    await settle()
    expect(w.socket.count('ephemeral')).toBe(1)
  })

  it('do not survive a cut', async () => {
    const w = await connected()
    w.client.channel(LOBBY).sendEphemeral(1)
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.count('ephemeral')).toBe(0)
  })

  it('are heard with who sent them, and only while subscribed [P5.8]', async () => {
    const w = await connected()
    const heard: unknown[] = []
    const room = w.client.channel(LOBBY)
    room.on('ephemeral', (message, { from }) => heard.push([message, from?.user]))
    await settle()
    const body = {
      channel: LOBBY,
      from: { session: 's', user: 'ada' },
      data: { codec: 'json', value: 'tick' },
    } as const
    await w.socket.push('ephemeral', body)
    await w.socket.reply('subscribe', 'subscribed', { channel: LOBBY, position: position(0) })
    await w.socket.push('ephemeral', body)
    expect(heard).toEqual([['tick', 'ada']])
  })
})
