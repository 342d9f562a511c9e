import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Fact, type Page, readPage, type Taking, type WaitingCommand, writePage } from './facts.js'
import { due, late, type Moment, QueueState } from './queue-state.js'

const LIMITS = { kept: 40, outcomes: 1_000_000 }
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const
const KEYS = [undefined, undefined, 'x', 'y'] as const

const command = (id: string, more: Partial<WaitingCommand> = {}): WaitingCommand => ({
  id,
  method: 'm',
  data: { codec: 'json', text: '1' },
  key: undefined,
  order: 1,
  asked: 0,
  expires: 100,
  timeout: 10,
  by: undefined,
  tries: 0,
  taken: undefined,
  ...more,
})
const asked = (id: string, more: Partial<WaitingCommand> = {}): Fact => ({
  fact: 'asked',
  command: command(id, more),
})
const taking: Taking = { node: 'n', session: 's', until: 50 }
const ended = (id: string, value = id): Fact => ({
  fact: 'ended',
  id,
  outcome: { data: { codec: 'json', text: JSON.stringify(value) } },
  mark: 7,
})

const anyTaking = fc.record({
  node: fc.constantFrom('n', 'o'),
  session: fc.constantFrom('s', 't'),
  until: fc.nat(200),
})
const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  fc
    .record({
      id: fc.constantFrom(...IDS),
      key: fc.constantFrom(...KEYS),
      order: fc.integer({ min: 1, max: 50 }),
      expires: fc.nat(200),
    })
    .map(({ id, ...more }) => asked(id, more)),
  fc.record({ fact: fc.constant('taken' as const), id: fc.constantFrom(...IDS), by: anyTaking }),
  fc.record({ fact: fc.constant('released' as const), id: fc.constantFrom(...IDS) }),
  fc.tuple(fc.constantFrom(...IDS), fc.nat(9)).map(([id, value]) => ended(id, String(value))),
)
const anyPages = fc.array(fc.array(anyFact, { maxLength: 4 }), { maxLength: 60, size: 'max' })

function stateOf(pages: readonly (readonly Fact[])[], limits = LIMITS): QueueState {
  const state = new QueueState(limits)
  for (const [index, facts] of pages.entries()) state.apply(index + 1, { version: index + 1, facts })
  return state
}

/** All that can be seen of a state. */
const seen = (state: QueueState) => ({
  waiting: state.waiting,
  ended: IDS.map((id) => state.ended(id)),
  bytes: state.bytes,
  lastOrder: state.lastOrder,
  offset: state.offset,
  version: state.version,
})

const at = (now: number, voids: readonly string[] = []): Moment => ({
  now,
  isVoid: (id, { until }) => until <= now || voids.includes(id),
})

describe('[H5.8] the state of a user’s commands', () => {
  it('says what waits, what is under way, and how the rest ended', () => {
    const state = stateOf([
      [asked('a'), asked('b', { order: 2 })],
      [{ fact: 'taken', id: 'a', by: taking }],
      [{ fact: 'released', id: 'a' }],
      [{ fact: 'taken', id: 'a', by: taking }],
      [ended('b')],
      [ended('b', 'other'), asked('b')],
    ])
    expect(state.waiting).toEqual([command('a', { tries: 2, taken: taking })])
    expect(state.ended('b')).toEqual({
      outcome: { data: { codec: 'json', text: '"b"' } },
      mark: 7,
      offset: 5,
    })
    expect([state.size, state.offset, state.version, state.lastOrder]).toEqual([1, 6, 6, 2])
  })

  it('follows from the facts alone, in any splitting of who reads them, and a page twice is a page once', () => {
    fc.assert(
      fc.property(anyPages, fc.nat(60), (pages, split) => {
        const whole = stateOf(pages)
        const again = new QueueState(LIMITS)
        const feed = (from: number, to: number): void => {
          for (const [index, facts] of pages.slice(from, to).entries())
            again.apply(from + index + 1, { version: from + index + 1, facts })
        }
        feed(0, split)
        feed(0, pages.length)
        expect(seen(again)).toEqual(seen(whole))
      }),
    )
  })

  it('a command waits or is over, never both; its first end stays; what waits is in order', () => {
    fc.assert(
      fc.property(anyPages, (pages) => {
        const state = new QueueState({ ...LIMITS, kept: 1000 })
        const ends = new Map<string, unknown>()
        for (const [index, facts] of pages.entries()) {
          state.apply(index + 1, { version: index + 1, facts })
          for (const id of IDS) {
            const end = state.ended(id)?.outcome
            if (ends.has(id)) expect(end).toEqual(ends.get(id))
            else if (end !== undefined) ends.set(id, end)
            expect(end !== undefined && state.find(id) !== undefined).toBe(false)
          }
          const orders = state.waiting.map(({ order }) => order)
          expect(orders).toEqual(orders.toSorted((a, b) => a - b))
        }
      }),
    )
  })

  it('who begins to read late agrees about what waits, if what fades was written anew', () => {
    fc.assert(
      fc.property(anyPages, (pages) => {
        const state = new QueueState(LIMITS)
        const written: Page[] = []
        for (const facts of pages) {
          const fading = state.standingBefore(state.offset - LIMITS.kept / 2)
          const renewed = fading.map((one): Fact => ({ fact: 'asked', command: one }))
          // As the log writes: an order that grows, and an end once, of what waits.
          const ids = new Set<string>()
          const fresh = facts
            .filter((fact) => {
              if (fact.fact === 'asked') {
                const { id } = fact.command
                return state.find(id) === undefined && state.ended(id) === undefined && !ids.has(id)
              }
              if (fact.fact !== 'ended') return true
              const isFirst = state.find(fact.id) !== undefined && !ids.has(fact.id)
              ids.add(fact.id)
              return isFirst
            })
            .map((fact, index) =>
              fact.fact === 'asked'
                ? { ...fact, command: { ...fact.command, order: state.lastOrder + 1 + index } }
                : fact,
            )
          const page = { version: written.length + 1, facts: [...renewed, ...fresh] }
          written.push(page)
          state.apply(written.length, page)
        }
        const from = Math.max(0, written.length - LIMITS.kept)
        const late = new QueueState(LIMITS)
        late.reset(from)
        for (const [index, page] of written.slice(from).entries()) late.apply(from + index + 1, page)
        expect(late.waiting).toEqual(state.waiting)
        for (const id of IDS)
          if (state.ended(id) !== undefined) expect(late.ended(id)).toEqual(state.ended(id))
      }),
    )
  })

  it('knows no end that the stream has lost, and no answer beyond its bytes', () => {
    const many = Array.from({ length: 100 }, (_, index) => [ended(`id-${index}`)])
    const state = stateOf(many)
    expect([state.ended('id-59'), state.ended('id-60')]).toEqual([undefined, expect.anything()])
    const small = stateOf(many, { kept: 40, outcomes: 1_000 })
    expect(small.ended('id-60')).toEqual({ outcome: undefined, mark: 7, offset: 61 })
    expect(small.ended('id-99')?.outcome).toBeDefined()
  })

  it('begins anew empty', () => {
    const state = stateOf([[asked('a')], [ended('b')]])
    state.reset(7)
    expect(seen(state)).toEqual(seen(Object.assign(new QueueState(LIMITS), { offset: 7 })))
  })
})

describe('[H5.10] whose turn it is', () => {
  it('in order, one of a key at a time, as many as there is room for', () => {
    const state = stateOf([
      [
        asked('a', { key: 'x', order: 1 }),
        asked('b', { key: 'x', order: 2 }),
        asked('c', { order: 3 }),
        asked('d', { key: 'y', order: 4 }),
        asked('e', { order: 5 }),
      ],
    ])
    const ids = (room: number, moment = at(0)) => due(state, moment, room).map(({ id }) => id)
    expect(ids(9)).toEqual(['a', 'c', 'd', 'e'])
    expect(ids(2)).toEqual(['a', 'c'])
    state.apply(2, { version: 2, facts: [{ fact: 'taken', id: 'a', by: taking }] })
    expect(ids(9)).toEqual(['c', 'd', 'e'])
    expect(ids(2)).toEqual(['c'])
    expect(ids(9, at(0, ['a']))).toEqual(['a', 'c', 'd', 'e'])
    expect(ids(9, at(50))).toEqual(['a', 'c', 'd', 'e'])
    state.apply(3, { version: 3, facts: [ended('a')] })
    expect(ids(9)).toEqual(['b', 'c', 'd', 'e'])
  })

  it('of one that is late nobody’s, and it keeps none of its key waiting', () => {
    const state = stateOf([
      [
        asked('a', { key: 'x', expires: 10 }),
        asked('b', { key: 'x', order: 2 }),
        asked('c', { order: 3, expires: 5 }),
      ],
      [{ fact: 'taken', id: 'c', by: taking }],
    ])
    expect(due(state, at(10), 9).map(({ id }) => id)).toEqual(['b'])
    expect(late(state, at(9)).map(({ id }) => id)).toEqual([])
    expect(late(state, at(10)).map(({ id }) => id)).toEqual(['a'])
    expect(late(state, at(10, ['c'])).map(({ id }) => id)).toEqual(['a', 'c'])
  })

  it('never two of a key at once, never more than room, and never what is late, whatever is so', () => {
    fc.assert(
      fc.property(anyPages, fc.nat(200), fc.nat(6), (pages, now, room) => {
        const state = stateOf(pages)
        const moment = at(now)
        const running = state.waiting.filter(
          ({ id, taken }) => taken !== undefined && !moment.isVoid(id, taken),
        )
        const list = due(state, moment, room)
        const keys = [...running, ...list].flatMap(({ key }) => key ?? [])
        const started = list.flatMap(({ key }) => key ?? [])
        expect(started.filter((key) => keys.filter((one) => one === key).length > 1)).toEqual([])
        expect(list.length).toBeLessThanOrEqual(Math.max(0, room - running.length))
        for (const one of list) expect(one.expires).toBeGreaterThan(now)
      }),
    )
  })
})

describe('a page', () => {
  it('is read as it was written, bytes too', () => {
    fc.assert(
      fc.property(fc.array(anyFact), fc.nat(), fc.uint8Array(), (facts, version, bytes) => {
        const data = { codec: 'raw', bytes } as const
        const page = {
          version,
          facts: [
            ...facts,
            asked('z', { data, by: { session: 's', user: 'u' }, taken: taking }),
            { fact: 'ended', id: 'z', outcome: { data }, mark: 1 },
            { fact: 'ended', id: 'y', outcome: { error: { code: 118, message: 'no' } }, mark: 2 },
          ] as Fact[],
        }
        expect(readPage(writePage(page))).toEqual(page)
      }),
    )
  })

  it('of another version says what is known of it, and what is none says nothing', () => {
    const text = JSON.stringify({
      version: 3,
      facts: [
        { fact: 'praised', id: 'a' },
        { fact: 'released', id: 'b' },
      ],
    })
    expect(readPage({ codec: 'json', text })).toEqual({ version: 3, facts: [{ fact: 'released', id: 'b' }] })
    for (const bad of ['', 'null', '{"version":1}'])
      expect(readPage({ codec: 'json', text: bad })).toEqual({ version: 0, facts: [] })
    expect(readPage({ codec: 'raw', bytes: new Uint8Array(2) })).toEqual({ version: 0, facts: [] })
  })
})
