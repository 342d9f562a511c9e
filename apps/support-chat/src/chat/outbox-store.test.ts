import { MillraceError } from '@millrace/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Sender } from './outbox-store.js'

const KEY = 'outbox'
let stored: Map<string, string>

beforeEach(() => {
  vi.useFakeTimers()
  stored = new Map()
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  })
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A sender with a server that answers as the test says. */
function sender(answers: { connected?: boolean; publish?: () => Promise<void> } = {}) {
  const server = { connected: true, publish: async () => {}, ...answers }
  const sent: string[] = []
  let tickets = 0
  const one = new Sender({
    key: KEY,
    isConnected: () => server.connected,
    openTicket: async () => `opened-${++tickets}`,
    publish: async ({ ticket, text }) => {
      await server.publish()
      sent.push(`${ticket}: ${text}`)
    },
  })
  return { sender: one, server, sent, tickets: () => tickets }
}
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(10)

describe('the sender', () => {
  it('opens one conversation for what was written before there was any', async () => {
    const { sender: one, sent, tickets } = sender()
    one.send(' hello ')
    one.send('again')
    await settle()
    expect(sent).toEqual(['opened-1: hello', 'opened-1: again'])
    expect(tickets()).toBe(1)
  })

  it('keeps what is written without a connection, over a reload, and sends it in order', async () => {
    const before = sender({ connected: false })
    before.sender.send('one', 't')
    before.sender.send('two', 't')
    await settle()
    expect(before.sent).toEqual([])
    const after = sender()
    await after.sender.flush()
    expect(after.sent).toEqual(['t: one', 't: two'])
  })

  it('keeps a message on show until the conversation brings it, and does not send it meanwhile', async () => {
    const { sender: one, sent } = sender()
    one.send('hello', 't')
    await settle()
    await one.flush()
    expect(sent).toHaveLength(1)
    const [message] = one.outbox.value
    one.arrived(message?.id ?? '')
    expect(one.outbox.value).toEqual([])
  })

  it('lets a confirmed message go even when the conversation does not bring it', async () => {
    const { sender: one } = sender()
    one.send('hello', 't')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(one.outbox.value).toEqual([])
  })

  it('sends again after a failure that may pass, without overtaking', async () => {
    let failures = 2
    const { sender: one, sent } = sender({
      publish: () => (failures-- > 0 ? Promise.reject(new MillraceError('timeout')) : Promise.resolve()),
    })
    one.send('one', 't')
    one.send('two', 't')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent).toEqual(['t: one', 't: two'])
  })

  it('puts a refused message aside with the reason, goes on, and tries again when asked', async () => {
    let refuse = true
    const { sender: one, server, sent } = sender()
    server.publish = () =>
      refuse
        ? Promise.reject(new MillraceError('invalid-payload', { message: 'too odd' }))
        : Promise.resolve()
    one.send('odd', 't')
    await settle()
    expect(one.outbox.value[0]?.refusal).toBe('too odd')
    refuse = false
    one.send('fine', 't')
    await settle()
    expect(sent).toEqual(['t: fine'])
    one.retry(one.outbox.value[0]?.id ?? '', 'another')
    await settle()
    expect(sent).toEqual(['t: fine', 'another: odd'])
  })

  it('does not take it for a refusal when the login ends meanwhile: what was under way goes to the next conversation, in order', async () => {
    const { sender: one, server, sent } = sender()
    let end = (_error: Error): void => {}
    server.publish = () => new Promise((_, reject) => (end = reject))
    one.send('one', 'lost')
    one.send('two', 'lost')
    await settle()
    server.connected = false
    one.unaddress()
    end(new MillraceError('unauthenticated'))
    await settle()
    expect(one.outbox.value.map(({ refusal }) => refusal)).toEqual([undefined, undefined])
    server.publish = async () => {}
    server.connected = true
    void one.flush()
    await vi.advanceTimersByTimeAsync(5_000)
    expect(sent).toEqual(['opened-1: one', 'opened-1: two'])
  })

  it('forgets a message that is discarded', async () => {
    const { sender: one } = sender({ connected: false })
    one.send('never mind', 't')
    one.discard(one.outbox.value[0]?.id ?? '')
    expect(sender().sender.outbox.value).toEqual([])
  })

  it('works where storage is forbidden', async () => {
    vi.stubGlobal('localStorage', undefined)
    const { sender: one, sent } = sender()
    one.send('hello', 't')
    await settle()
    expect(sent).toEqual(['t: hello'])
  })
})
