import { json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import type { RateLimits } from './rates.js'
import { SLICE, Slices } from './slices.js'

const MUCH = { perSecond: 10_000, burst: 10_000 }
const RATES: RateLimits = { messages: MUCH, requests: MUCH, pings: MUCH, bytes: undefined }
/** Milliseconds of the fake clock after which what was put off is done. */
const LATER = 1

/** With `connect` so few that nothing is counted: most never send more. */
const UNCOUNTED = 15

async function world({ rates }: { readonly rates?: RateLimits | undefined } = { rates: RATES }) {
  const clock = new FakeClock()
  const { hub } = testHub({ clock, limits: { ...TEST_LIMITS, rates } })
  hub.policy.authorize('chat:{x}', () => true)
  const [many, one] = [new TestClient(hub), new TestClient(hub)]
  for (const client of [many, one]) await client.connect()
  const sends = (count: number) => {
    for (let n = 0; n < count; n++) many.say('publish', { channel: 'chat:a', data: json(n) })
  }
  const stored = async () => {
    await settle()
    return many.of('published').length
  }
  return { clock, hub, many, one, sends, stored }
}

describe('[H1.8] who sends much at once', () => {
  it('has a slice carried out, and the rest afterwards, in order, and is not read meanwhile', async () => {
    const { clock, many, sends, stored } = await world()
    sends(UNCOUNTED + 3 * SLICE)
    expect([await stored(), many.paused]).toEqual([UNCOUNTED + SLICE, true])
    await clock.advance(LATER)
    expect([await stored(), many.paused]).toEqual([UNCOUNTED + 3 * SLICE, false])
    const offsets = many.of('published').map(({ position }) => position.offset)
    expect(offsets).toEqual(offsets.toSorted((a, b) => a - b))
    sends(SLICE)
    expect([await stored(), many.paused]).toEqual([UNCOUNTED + 4 * SLICE, false])
  })

  it('has one slice carried out in each of the turns that follow', () => {
    const [turns, taken]: [(() => void)[], number[]] = [[], []]
    const read: string[] = []
    const slices = new Slices({
      turns: { later: (run) => turns.push(run) },
      take: ({ id }) => taken.push(id),
      gate: { pause: () => read.push('paused'), resume: () => read.push('resumed') },
    })
    for (let id = 1; id <= 2 * SLICE; id++) slices.push({ id, kind: 'ping', body: {} })
    turns.shift()?.()
    expect([taken.length, turns.length, read]).toEqual([SLICE, 1, ['paused']])
    slices.push({ id: 2 * SLICE + 1, kind: 'ping', body: {} })
    for (let run = turns.shift(); run !== undefined; run = turns.shift()) run()
    expect(taken).toEqual(Array.from({ length: 2 * SLICE + 1 }, (_, i) => i + 1))
    expect([read, slices.isBusy]).toEqual([['paused', 'resumed'], false])
  })

  it('keeps nobody waiting: another is carried out in the same turn', async () => {
    const { many, one, sends } = await world()
    sends(10 * SLICE)
    expect((await one.ask('publish', { channel: 'chat:b', data: json('at once') })).kind).toBe('published')
    expect(many.of('published').length).toBeLessThan(2 * SLICE)
  })

  it('has what comes meanwhile carried out after it', async () => {
    const { clock, many, sends } = await world()
    sends(3 * SLICE)
    const ping = many.say('ping', {})
    await settle()
    expect(many.messages.some(({ id }) => id === ping)).toBe(false)
    await clock.advance(LATER)
    expect(many.messages.at(-1)).toMatchObject({ id: ping, kind: 'pong' })
  })

  it('has nothing more carried out when its connection has ended', async () => {
    const { clock, many, sends, stored } = await world()
    sends(3 * SLICE)
    const before = await stored()
    many.session.closed(1006)
    await clock.advance(LATER)
    expect(await stored()).toBe(before)
  })

  it('is not held up where nothing is limited', async () => {
    const { sends, stored } = await world({})
    sends(5 * SLICE)
    expect(await stored()).toBe(5 * SLICE)
  })
})
