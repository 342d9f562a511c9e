import { call, defineApi, json, MillraceError } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import * as z from 'zod'
import { SequenceRandom, settle, TestClient, testHub } from '../testing/index.js'
import { ClientCalls } from './calls.js'

const api = defineApi({
  calls: {
    'math.double': call({ request: z.object({ n: z.number() }), response: z.number(), timeout: '2s' }),
    'device.blink': call({ request: z.object({ times: z.number() }), response: z.string() }),
  },
})

async function setup(options: Parameters<typeof testHub>[0] = {}) {
  const { hub, clock } = testHub({ api, ...options })
  const [ann, bob] = [new TestClient(hub), new TestClient(hub)]
  await ann.connect('ann')
  await bob.connect('bob')
  return { hub, clock, ann, bob }
}

const double = (n: unknown) => ({ method: 'math.double', data: json({ n }) })

describe('a client calls the server', () => {
  it('[P5.10] [H5.1] is answered by the handler, who knows the caller', async () => {
    const { hub, ann } = await setup({ authenticate: ({ token }) => ({ id: String(token) }) })
    const handler = vi.fn(({ request }) => request.n * 2)
    hub.handlers.handle('math.double', handler)
    expect(await ann.ask('call', double(21))).toMatchObject({ kind: 'answered', body: { data: json(42) } })
    expect(handler).toHaveBeenCalledWith({ request: { n: 21 }, user: { id: 'ann' }, session: ann.session.id })
  })

  it('[P5.10] [P5.12] is told what is wrong with the method or the request', async () => {
    const { hub, ann } = await setup()
    expect((await ann.ask('call', double(1))).body).toMatchObject({ code: 115 })
    expect((await ann.ask('call', { method: 'toString', data: json(1) })).body).toMatchObject({ code: 115 })
    hub.handlers.handle('math.double', () => 1)
    expect((await ann.ask('call', double('x'))).body).toMatchObject({ code: 111, field: 'data.n' })
  })

  it('[H5.2] gets the handler’s own refusal, and nothing of its other errors', async () => {
    const { hub, ann } = await setup()
    const handler = vi.fn()
    hub.handlers.handle('math.double', handler)
    handler.mockRejectedValueOnce(new MillraceError('application-error', { message: 'Not on Sundays' }))
    expect((await ann.ask('call', double(1))).body).toEqual({ code: 118, message: 'Not on Sundays' })
    handler.mockImplementationOnce(() => {
      throw new Error('stack trace')
    })
    expect((await ann.ask('call', double(1))).body).toMatchObject({ code: 200 })
  })

  it('[H5.1] a response that breaks the api is the server’s fault', async () => {
    const error = vi.fn()
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error }
    const { hub, ann } = await setup({ logger })
    hub.handlers.handle('math.double', () => 'not a number')
    expect((await ann.ask('call', double(1))).body).toMatchObject({ code: 200 })
    expect(String(error.mock.calls[0]?.[1]?.error)).toContain("handler of 'math.double'")
  })

  it('[H5.2] ends with timeout when the handler does not', async () => {
    const { hub, clock, ann } = await setup()
    hub.handlers.handle('math.double', () => new Promise(() => {}))
    const id = ann.say('call', double(1))
    await clock.advance(1_900)
    expect(ann.messages.some((message) => message.id === id)).toBe(false)
    await clock.advance(200)
    expect(ann.messages.find((message) => message.id === id)?.body).toMatchObject({ code: 202 })
  })

  it('a mistake in setting up handlers is found at once', async () => {
    const { hub } = await setup()
    hub.handlers.handle('math.double', () => 1)
    expect(() => hub.handlers.handle('math.double', () => 1)).toThrow('handler already')
    expect(() => hub.handlers.handle('math.triple', () => 1)).toThrow('it defines: math.double, device.blink')
  })
})

describe('the server calls a client', () => {
  const blink = { method: 'device.blink', request: { times: 3 } }

  it('[P5.11] gets the checked answer', async () => {
    const { hub, ann } = await setup()
    const answer = hub.handlers.callTarget({ session: ann.session.id }, blink)
    await settle()
    const [asked] = ann.of('call')
    expect(asked).toMatchObject({ method: 'device.blink', data: json({ times: 3 }), timeout: 10_000 })
    ann.say('answer', { call: asked?.call ?? '', data: json('done') })
    expect(await answer).toBe('done')
  })

  it('[P5.11] [H5.1] checks what goes out and what comes back', async () => {
    const { hub, ann } = await setup()
    await expect(
      hub.handlers.callTarget({ session: ann.session.id }, { ...blink, request: { times: 'x' } }),
    ).rejects.toMatchObject({ kind: 'invalid-payload' })
    const answer = hub.handlers.callTarget({ session: ann.session.id }, blink)
    await settle()
    ann.say('answer', { call: ann.of('call')[0]?.call ?? '', data: json(5) })
    await expect(answer).rejects.toMatchObject({ kind: 'invalid-payload' })
  })

  it('[P5.11] [H5.3] ignores late answers and answers of others', async () => {
    const { hub, clock, ann, bob } = await setup()
    const answer = hub.handlers.callTarget({ session: ann.session.id }, { ...blink, timeout: 1_000 })
    const failure = expect(answer).rejects.toMatchObject({ kind: 'timeout' })
    await settle()
    const name = ann.of('call')[0]?.call ?? ''
    bob.say('answer', { call: name, data: json('forged') })
    await clock.advance(1_500)
    await failure
    ann.say('answer', { call: name, data: json('late') })
    expect(ann.of('error')).toEqual([])
  })

  it('[H1.5] learns that the session ended, or was no longer there', async () => {
    const { hub, ann } = await setup()
    const answer = hub.handlers.callTarget({ session: ann.session.id }, blink)
    await settle()
    ann.session.closed(1006)
    await expect(answer).rejects.toMatchObject({ kind: 'connection-lost' })
    await expect(hub.handlers.callTarget({ session: ann.session.id }, blink)).rejects.toMatchObject({
      kind: 'no-such-target',
    })
  })

  it('[H1.5] is told connection-lost when the session is called again under the same name', async () => {
    const { clock, ann } = await setup()
    const calls = new ClientCalls(clock, new SequenceRandom())
    const call = { method: 'device.blink', data: json(1), timeout: 1000, name: 'c-1' }
    const first = expect(calls.call(ann.session, call)).rejects.toMatchObject({ kind: 'connection-lost' })
    const second = calls.call(ann.session, call)
    await first
    expect(calls.size).toBe(1)
    calls.answered(ann.session, { call: 'c-1', data: json('done') })
    expect(await second).toEqual(json('done'))
    expect(calls.size).toBe(0)
  })

  it('[P5.11] gets the error the client answered', async () => {
    const { hub, ann } = await setup()
    const answer = hub.handlers.callTarget({ session: ann.session.id }, blink)
    await settle()
    const error = { code: 118, message: 'No battery' }
    ann.say('answer', { call: ann.of('call')[0]?.call ?? '', error })
    await expect(answer).rejects.toMatchObject({ kind: 'application-error', message: 'No battery' })
  })
})

describe('a client calls a client', () => {
  it('[P5.10] [H5.4] through the server, where a hook allows it', async () => {
    const { hub, ann, bob } = await setup({ authenticate: ({ token }) => ({ id: String(token) }) })
    const ask = { method: 'device.blink', data: json({ times: 1 }), to: { user: 'bob' } }
    expect((await ann.ask('call', ask)).body).toMatchObject({ code: 106, field: 'to' })
    hub.handlers.relay('device.blink', ({ user, to }) => user?.id === 'ann' && to.user === 'bob')
    const id = ann.say('call', ask)
    await settle()
    bob.say('answer', { call: bob.of('call')[0]?.call ?? '', data: json('blinked') })
    await settle()
    expect(ann.messages.find((message) => message.id === id)).toMatchObject({
      kind: 'answered',
      body: { data: json('blinked') },
    })
    expect((await bob.ask('call', ask)).body).toMatchObject({ code: 106 })
    bob.session.closed(1000)
    expect((await ann.ask('call', ask)).body).toMatchObject({ code: 117 })
  })
})
