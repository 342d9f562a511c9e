import { json, jsonDialect } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { FakeClock, settle, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import { Incoming, SLICE } from './incoming.js'
import type { RateLimits } from './rates.js'

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

/** A session's incoming by itself, and turns of its own. */
function alone() {
  const taken: (number | string)[] = []
  const said: string[] = []
  let waiting: (() => void)[] = []
  const turns = { number: 0, later: (run: () => void) => waiting.push(run) }
  const incoming = new Incoming(
    {
      link: { dialect: jsonDialect },
      hasEnded: false,
      isDue: () => false,
      take: ({ id }) => taken.push(id),
      refuse: (_, { kind }) => taken.push(kind),
      close: (code) => said.push(code),
      pause: () => said.push('paused'),
      resume: () => said.push('resumed'),
    },
    {
      limits: { ...TEST_LIMITS, rates: RATES },
      now: () => 0,
      turns,
      failed: (_, error) => said.push(String(error)),
    },
  )
  const nextTurn = (): boolean => {
    const run = waiting
    waiting = []
    turns.number++
    for (const one of run) one()
    return run.length > 0
  }
  return { incoming, taken, said, nextTurn }
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
    sends(SLICE - 1)
    expect([await stored(), many.paused]).toEqual([UNCOUNTED + 4 * SLICE - 1, false])
  })

  it('has one slice carried out in each of the turns that follow, however it is divided into frames', () => {
    const { incoming, taken, said, nextTurn } = alone()
    const frame = (count: number, kind: 'publish' | 'presence') =>
      jsonDialect.encodeCommands(
        Array.from({ length: count }, (_, n) =>
          kind === 'publish'
            ? { id: n + 1, kind, body: { channel: 'chat:a', data: json(n) } }
            : { id: n + 1, kind, body: { channel: 'chat:a' } },
        ),
      )
    // So many that all that follow are counted.
    incoming.receive(frame(UNCOUNTED + 2, 'publish'))
    nextTurn()
    taken.length = 0
    incoming.receive(frame(2 * SLICE, 'publish'))
    incoming.receive(frame(SLICE / 2, 'publish'))
    incoming.receive(frame(SLICE / 2, 'presence'))
    const counts = [taken.length]
    while (nextTurn()) counts.push(taken.length)
    // What looks something up is four times as much as a publication.
    expect(counts).toEqual([64, 128, 128 + 32 + 8, 128 + 32 + 24, 128 + 32 + 32])
    expect(said).toEqual(['paused', 'resumed'])
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
