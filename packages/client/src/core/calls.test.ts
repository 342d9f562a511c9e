import { CODES, call, defineApi, type Message, MillraceError } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../../test/clock.js'
import { connected, type World } from '../../test/world.js'

const incoming = (method: string, value: unknown, timeout = 5000): Message => ({
  id: 0,
  kind: 'call',
  body: { call: 'c1', method, timeout, data: { codec: 'json', value } },
})
const answers = (w: World) =>
  w.socket.commands.filter(({ kind }) => kind === 'answer').map(({ id, body }) => ({ id, ...body }))

describe('calling', () => {
  it('sends method, payload, target and how long it waits, and resolves with the answer [P5.10]', async () => {
    const w = await connected()
    const answered = w.client.call('device.command', { on: true }, { to: { user: 'ada' }, timeout: '3s' })
    await settle()
    expect(w.socket.last('call').body).toEqual({
      method: 'device.command',
      to: { user: 'ada' },
      timeout: 3000,
      data: { codec: 'json', value: { on: true } },
    })
    await w.socket.reply('call', 'answered', { data: { codec: 'json', value: 'done' } })
    expect(await answered).toBe('done')
  })

  it.each([
    ['unknown-method', CODES['unknown-method'].code],
    ['application-error', CODES['application-error'].code],
    ['no-such-target', CODES['no-such-target'].code],
    ['timeout', CODES.timeout.code],
    ['unknown', 177],
  ])('rejects with %s as it was answered [P5.10]', async (kind, code) => {
    const w = await connected()
    const answered = w.client.call('sum', 1)
    await settle()
    await w.socket.reply('call', 'error', { code, message: 'No such luck' })
    await expect(answered).rejects.toMatchObject({ kind, code, message: 'No such luck' })
  })

  it('waits as long as the api says, or the call', async () => {
    const api = defineApi({ calls: { slow: call({ timeout: '30s' }), quick: call() } })
    const w = await connected({ api })
    const slow = expect(w.client.call('slow', 1)).rejects.toMatchObject({ kind: 'timeout' })
    const quick = expect(w.client.call('quick', 1)).rejects.toMatchObject({ kind: 'timeout' })
    await settle()
    expect(w.socket.commands.slice(1).map(({ body }) => body)).toMatchObject([
      { timeout: 30_000 },
      { timeout: 10_000 },
    ])
    await w.clock.advance(10_000)
    await quick
    await w.socket.push('ping', {})
    await w.clock.advance(10_000)
    await w.socket.push('ping', {})
    await w.clock.advance(10_000)
    await slow
  })
})

describe('calling a user who may be away', () => {
  const to = { user: 'pump' }

  it('says how long it waits, its key and its id, and waits as long as there can be an answer [P5.16]', async () => {
    const w = await connected()
    const options = { to, ttl: '1m', key: 'v3', id: 'k-1', timeout: '5s' } as const
    const answered = expect(w.client.call('valve.set', 1, options)).rejects.toMatchObject({ kind: 'timeout' })
    await settle()
    expect(w.socket.last('call').body).toMatchObject({ to, ttl: 60_000, key: 'v3', id: 'k-1', timeout: 5000 })
    for (let waited = 0; waited < 95_000; waited += 5000) {
      expect(w.client.state.name).toBe('connected')
      await w.clock.advance(5000)
      await w.socket.push('ping', {})
    }
    await answered
  })

  it('names it itself where the caller does not, and each otherwise [P5.17]', async () => {
    const w = await connected()
    for (const ttl of ['1m', 1000] as const) void w.client.call('valve.set', 1, { to, ttl }).catch(() => {})
    await settle()
    const ids = w.socket.commands.flatMap(({ kind, body }) => (kind === 'call' ? body.id : []))
    expect(new Set(ids).size).toBe(2)
    void w.client.call('valve.set', 1, { to }).catch(() => {})
    await settle()
    expect(w.socket.last('call').body).not.toHaveProperty('id')
  })

  it('asks again after a cut, under the same id, and rejects with what it is told [P5.17]', async () => {
    const w = await connected()
    const answered = w.client.call('valve.set', 1, { to, ttl: '1h' })
    await settle()
    const { id } = w.socket.last('call').body
    await w.socket.drop()
    await w.clock.advance(250)
    await w.socket.accept()
    expect(w.socket.last('call').body).toMatchObject({ id, ttl: 3_600_000 })
    await w.socket.reply('call', 'error', { code: CODES.expired.code, message: 'Too late' })
    await expect(answered).rejects.toMatchObject({ kind: 'expired', retry: 'never' })
  })

  it('refuses a ttl that is none', async () => {
    const w = await connected()
    await expect(w.client.call('valve.set', 1, { to, ttl: 'soon' as never })).rejects.toThrow('ttl must be')
  })
})

describe('being called', () => {
  it('tells the handler the call’s name, by which it knows one that comes again [P5.18]', async () => {
    const w = await connected()
    w.client.handle('who', ({ id }) => id)
    await w.socket.say(incoming('who', 1))
    expect(answers(w)).toEqual([{ id: 0, call: 'c1', data: { codec: 'json', value: 'c1' } }])
  })

  it('answers with what the handler gives, now or later [P5.11]', async () => {
    const w = await connected()
    w.client.handle('double', ({ request }) => Number(request) * 2)
    w.client.handle('later', async ({ request }) => ({ got: request }))
    await w.socket.say(incoming('double', 21), incoming('later', 'x'))
    expect(answers(w)).toEqual([
      { id: 0, call: 'c1', data: { codec: 'json', value: 42 } },
      { id: 0, call: 'c1', data: { codec: 'json', value: { got: 'x' } } },
    ])
  })

  it('answers null for nothing', async () => {
    const w = await connected()
    w.client.handle('quiet', () => undefined)
    await w.socket.say(incoming('quiet', 1))
    expect(answers(w)).toEqual([{ id: 0, call: 'c1', data: { codec: 'json', value: null } }])
  })

  it('answers an unknown method as such, also after its handler is gone [P5.11]', async () => {
    const w = await connected()
    const off = w.client.handle('double', () => 1)
    expect(() => w.client.handle('double', () => 2)).toThrow("'double' has a handler already")
    off()
    await w.socket.say(incoming('double', 1))
    expect(answers(w)).toMatchObject([{ error: { code: 115, message: "No handler for 'double'" } }])
  })

  it('answers an error of the handler as the application’s, and a coded one as it is', async () => {
    const w = await connected()
    w.client.handle('fails', () => {
      throw new Error('out of paper')
    })
    w.client.handle('odd', () => Promise.reject('just text'))
    w.client.handle('forbids', () => {
      throw new MillraceError('forbidden', { message: 'Not you', field: 'request.user' })
    })
    for (const method of ['fails', 'odd', 'forbids']) await w.socket.say(incoming(method, 1))
    expect(answers(w).map((answer) => ('error' in answer ? answer.error : answer))).toEqual([
      { code: 118, message: 'out of paper' },
      { code: 118, message: 'just text' },
      { code: 106, message: 'Not you', field: 'request.user' },
    ])
    expect(w.reports).toEqual([])
  })

  it('tells the handler when nobody waits any more, and then sends nothing [P5.11]', async () => {
    const w = await connected()
    const signals: { aborted: boolean }[] = []
    let finish: (value: string) => void = () => {}
    w.client.handle('slow', ({ signal }) => {
      signals.push(signal)
      return new Promise<string>((resolve) => (finish = resolve))
    })
    await w.socket.say(incoming('slow', 1, 2000))
    await w.clock.advance(1999)
    expect(signals[0]?.aborted).toBe(false)
    await w.clock.advance(1)
    expect(signals[0]?.aborted).toBe(true)
    finish('too late')
    await settle()
    expect(answers(w)).toEqual([])
  })

  it('does not answer on another connection than it was asked on', async () => {
    const w = await connected()
    const signals: { aborted: boolean }[] = []
    let finish: (value: string) => void = () => {}
    w.client.handle('slow', ({ signal }) => {
      signals.push(signal)
      return new Promise<string>((resolve) => (finish = resolve))
    })
    await w.socket.say(incoming('slow', 1, 60_000))
    await w.socket.drop()
    expect(signals[0]?.aborted).toBe(true)
    await w.clock.advance(250)
    await w.socket.accept()
    finish('late')
    await settle()
    expect(answers(w)).toEqual([])
    expect(w.clock.waiting).toBe(1)
  })
})
