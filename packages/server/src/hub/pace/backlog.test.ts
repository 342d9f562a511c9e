import { type Gap, predecessor, type SlowPolicy } from '@millrace/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StoredPublication } from '../broker-ports.js'
import { Outgoing, push } from '../outgoing.js'
import { Backlog } from './backlog.js'

const EPOCH = 'e1'
const stored = (offset: number, more: Partial<StoredPublication> = {}): StoredPublication => ({
  offset,
  time: 1,
  data: { codec: 'json', text: `${offset}` },
  ...more,
})
const item = (publication: StoredPublication) => ({
  live: { epoch: EPOCH, publication },
  outgoing: push('publication', { ...publication, channel: 'c' }),
})

function world(policy: SlowPolicy, last?: number) {
  let now = 0
  const sent: string[] = []
  const events: unknown[] = []
  let waiting = 0
  const pushed: number[] = []
  const show = ({ offset, prev = offset - 1, key = '' }: StoredPublication, skipped = 0) =>
    `${key}${offset} after ${prev}${skipped > 0 ? ` skipped ${skipped}` : ''}`
  const backlog = new Backlog(
    {
      policy,
      receiver: 'me',
      now: () => now,
      send(one, done) {
        if (one instanceof Outgoing)
          sent.push(
            one.message.kind === 'publication'
              ? show(one.message.body as never, one.message.body.skipped)
              : one.message.kind,
          )
        else sent.push(shownGap(one.gap))
        done()
      },
      publication: (publication, { prev = publication.prev, skipped }) =>
        push('publication', { ...publication, prev, skipped: skipped || undefined, channel: 'c' }),
      leftOut: () => {},
      waits(bytes) {
        waiting += bytes
      },
      pushed: () => pushed.push(waiting),
      caughtUp: (at) => events.push(at ?? 'caught up'),
    },
    last,
  )
  const drain = (most = Number.POSITIVE_INFINITY) => {
    for (let left = most; left > 0 && backlog.step() === 'sent'; left--);
    return sent.splice(0)
  }
  return { backlog, drain, events, pushed, waiting: () => waiting, wait: (ms: number) => (now += ms) }
}
const shownGap = ({ from, to, reason, count }: Gap) => `gap ${from?.offset}-${to.offset} ${reason} ${count}`
const bulk = { data: { codec: 'json', text: 'x'.repeat(7000) } } as const

/** From 0 up to 1, the same every time. */
const noise = (n: number): number => {
  const x = Math.sin(n * 12.9898) * 43_758.5453
  return x - Math.floor(x)
}

describe('[H9.2] a backlog', () => {
  it('sends what waits in order, as it is', () => {
    const { backlog, drain, events } = world('disconnect')
    for (const offset of [4, 5, 6]) backlog.push(item(stored(offset)))
    backlog.push(
      push('joined', { channel: 'c', member: { session: 's', since: 1, data: { codec: 'json', value: 1 } } }),
    )
    expect(drain()).toEqual(['4 after 3', '5 after 4', '6 after 5', 'joined'])
    expect(events).toEqual(['caught up'])
  })

  it('closes the chain over what its receiver published and did not want back', () => {
    const { backlog, drain, events } = world('disconnect', 2)
    for (const offset of [4, 5, 6, 7])
      backlog.push(item(stored(offset, offset % 2 === 0 ? { exclude: 'me' } : {})))
    expect(drain()).toEqual(['5 after 2', '7 after 5'])
    backlog.push(item(stored(8, { exclude: 'me' })))
    expect(drain()).toEqual([])
    expect(events).toEqual(['caught up', 7])
  })

  it('counts all that waits where nothing may be left out, and of others what is left', () => {
    const counts = (policy: SlowPolicy) => {
      const { backlog, drain, pushed, waiting, wait } = world(policy)
      wait(1)
      for (let offset = 1; offset <= 50; offset++)
        backlog.push(item(stored(offset, { ...bulk, key: `${offset % 5}` })))
      const most = Math.max(...pushed)
      drain(2)
      expect(waiting()).toBeGreaterThanOrEqual(0)
      backlog.close()
      backlog.close()
      expect(waiting()).toBe(0)
      return Math.round(most / 7100)
    }
    expect([counts('disconnect'), counts('drop-oldest'), counts('conflate')]).toEqual([50, 9, 10])
  })

  it('drops the oldest, and tells of them as one gap', () => {
    const { backlog, drain } = world('drop-oldest', 9)
    for (let offset = 10; offset < 30; offset++) backlog.push(item(stored(offset, bulk)))
    const sent = drain()
    expect(sent[0]).toBe('gap 9-20 slow-consumer 11')
    expect(sent[1]).toBe('21 after 20')
    expect(sent).toHaveLength(10)
  })

  it('sends each to who catches up soon, and to others the newest of each key, with the number of those left out', () => {
    const { backlog, drain, wait } = world('conflate')
    for (const [offset, key] of ['a', 'b', 'a', 'a', 'c'].entries())
      backlog.push(item(stored(offset + 1, { key })))
    wait(100)
    expect(drain()).toEqual(['a1 after 0', 'b2 after 1', 'a3 after 2', 'a4 after 3', 'c5 after 4'])
    for (const [offset, key] of ['a', 'b', 'a', 'a', 'c'].entries())
      backlog.push(item(stored(offset + 6, { key })))
    wait(201)
    expect(drain()).toEqual(['b7 after 5 skipped 1', 'a9 after 7 skipped 1', 'c10 after 9'])
  })

  it('holds no more than the newest of each key when much comes, however soon it is read', () => {
    const { backlog, drain } = world('conflate')
    for (let offset = 1; offset <= 100; offset++)
      backlog.push(item(stored(offset, { ...bulk, key: `k${offset % 3}` })))
    const sent = drain()
    expect(sent.length).toBeLessThan(12)
    expect(sent.slice(-3).map((one) => one.split(' ')[0])).toEqual(['k298', 'k099', 'k1100'])
  })

  it.each([
    ['in turn', (n: number) => n % 30],
    ['at random', (n: number) => Math.floor(noise(n) * 30)],
    ['one nearly always', (n: number) => (n % 20 === 0 ? Math.floor(noise(n) * 30) : 0)],
    ['back and forth', (n: number) => Math.abs((n % 60) - 30) % 30],
  ])('where all change faster than they can be sent, each gets its turn: keys that change %s', (_, keyOf) => {
    const { backlog, drain, wait } = world('conflate')
    /** By key: when the oldest value was published that is newer than what was sent. */
    const waiting = new Map<string, { readonly offset: number; readonly at: number }[]>()
    let worst = 0
    for (let now = 0, offset = 0; now < 30_000; now++) {
      for (let i = 0; i < 2; i++) {
        const key = `k${keyOf(++offset)} `
        backlog.push(item(stored(offset, { key, data: { codec: 'json', text: 'x'.repeat(100) } })))
        waiting.set(key, [...(waiting.get(key) ?? []), { offset, at: now }])
      }
      wait(1)
      // A link that carries 40 of them a second, and takes what it can four times a second.
      if (now % 250 !== 0) continue
      for (const one of drain(10)) {
        const [key = '', at = ''] = [/^k\d+ /.exec(one)?.[0], / (\d+) after/.exec(one)?.[1]]
        waiting.set(key, waiting.get(key)?.filter(({ offset: there }) => there > Number(at)) ?? [])
      }
      for (const [first] of waiting.values()) worst = Math.max(worst, now - (first?.at ?? now))
    }
    // All of them take 0.75 s: nobody waits for longer than twice as long.
    expect(worst).toBeLessThanOrEqual(1_750)
  })

  it('waits while it is blocked, and does nothing once it is closed', () => {
    const { backlog, drain, events } = world('conflate')
    backlog.isBlocked = true
    backlog.push(item(stored(1)))
    expect([backlog.step(), drain()]).toEqual(['idle', []])
    backlog.close()
    expect([backlog.step(), drain(), events]).toEqual(['done', [], []])
  })

  it('whatever comes and however it is read: the chain holds, and the newest of each key arrives', () => {
    const step = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          key: fc.constantFrom('a', 'b', 'c'),
          large: fc.boolean(),
          mine: fc.boolean(),
        }),
      },
      { weight: 2, arbitrary: fc.nat({ max: 300 }) },
      { weight: 2, arbitrary: fc.constant('step' as const) },
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        let now = 0
        let [last, lost, waiting] = [0, 0, 0]
        const newest = new Map<string, number>()
        const got = new Map<string, number>()
        const backlog = new Backlog(
          {
            policy: 'conflate',
            receiver: 'me',
            now: () => now,
            send(one, done) {
              if (one instanceof Outgoing && one.message.kind === 'publication') {
                const { offset, prev, key = '', skipped = 0 } = one.message.body
                expect(predecessor({ offset, prev })).toBe(last)
                last = offset
                lost += skipped
                got.set(key, offset)
              }
              done()
            },
            publication: (publication, { prev = publication.prev, skipped }) =>
              push('publication', { ...publication, prev, skipped, channel: 'c' }),
            leftOut: () => {},
            waits(bytes) {
              waiting += bytes
            },
            pushed: () => expect(waiting).toBeLessThan(200_000),
            caughtUp: () => {},
          },
          0,
        )
        let [offset, count] = [0, 0]
        const publish = ({ key, large, mine }: { key: string; large: boolean; mine: boolean }) => {
          offset++
          backlog.push(item(stored(offset, { key, ...(large && bulk), ...(mine && { exclude: 'me' }) })))
          if (mine) return
          count++
          newest.set(key, offset)
        }
        for (const one of steps) {
          if (typeof one === 'number') now += one
          else if (one === 'step') backlog.step()
          else publish(one)
        }
        let sent = 0
        while (backlog.step() === 'sent') sent++
        expect(sent).toBeLessThanOrEqual(count)
        expect(got).toEqual(newest)
        expect(lost).toBeLessThanOrEqual(count)
      }),
    )
  })
})
