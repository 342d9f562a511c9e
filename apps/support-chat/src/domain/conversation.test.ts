import { describe, expect, it } from 'vitest'
import {
  type Conversation,
  deliveryOf,
  EMPTY,
  type Entry,
  gapped,
  newestFrom,
  prepended,
  received,
  rowsOf,
  type TextEntry,
  unreadBy,
} from './conversation.js'
import { NO_RECEIPT } from './mark.js'
import type { Side } from './ticket.js'

const MINUTE = 60_000
const text = (offset: number, side: Side = 'customer', time = offset * 1_000): TextEntry => ({
  kind: 'text',
  id: `m${offset}`,
  side,
  author: `${side}.x`,
  text: `message ${offset}`,
  at: { time, offset },
})
const note = (offset: number): Entry => ({
  kind: 'note',
  id: `n${offset}`,
  note: { event: 'taken', agent: 'Ines' },
  at: { time: offset * 1_000, offset },
})
const of = (...entries: Entry[]): Conversation => entries.reduce(received, EMPTY)
const ids = ({ entries }: Conversation): string[] => entries.map(({ id }) => id)

describe('a conversation', () => {
  it('takes an entry once, however often it comes', () => {
    const conversation = of(text(1), text(2))
    expect(received(conversation, { ...text(1), at: { time: 9_000, offset: 40 } })).toBe(conversation)
  })

  it('puts older entries in front and leaves out those it has', () => {
    expect(ids(prepended(of(text(3), text(4)), [text(2), text(3)]))).toEqual(['m2', 'm3', 'm4'])
    const same = of(text(3))
    expect(prepended(same, [text(3)])).toBe(same)
  })

  it('shows one gap where several in a row say the same, and none before the first message', () => {
    const at = { time: 5_000, offset: 5 }
    expect(gapped(EMPTY, at).entries).toEqual([])
    const once = gapped(of(text(1)), at)
    expect(gapped(once, { time: 6_000, offset: 6 })).toBe(once)
    expect(ids(received(once, text(7)))).toEqual(['m1', 'gap-5000-5', 'm7'])
  })
})

describe('receipts in a conversation', () => {
  const conversation = of(text(1), text(2, 'agent'), note(3), text(4), text(5))

  it('counts the other side’s messages after the read mark, notes left out', () => {
    expect(unreadBy(conversation, 'agent', NO_RECEIPT)).toBe(3)
    const read = { time: 4_000, offset: 4 }
    expect(unreadBy(conversation, 'agent', { delivered: read, read })).toBe(1)
    expect(unreadBy(conversation, 'customer', NO_RECEIPT)).toBe(1)
  })

  it('tells sent, delivered and read apart', () => {
    const other = { delivered: { time: 4_000, offset: 4 }, read: { time: 1_000, offset: 1 } }
    expect([text(1), text(4), text(5)].map((entry) => deliveryOf(entry, other))).toEqual([
      'read',
      'delivered',
      'sent',
    ])
  })

  it('finds the newest message of a side', () => {
    expect(newestFrom(conversation, 'agent')?.id).toBe('m2')
    expect(newestFrom(EMPTY, 'agent')).toBeUndefined()
  })
})

describe('rows', () => {
  const dayOf = (time: number): string => String(Math.floor(time / (24 * 60 * MINUTE)))
  const shape = (conversation: Conversation): string[] =>
    rowsOf(conversation, dayOf).map((row) =>
      row.kind === 'block' ? row.block.texts.map(({ id }) => id).join('+') : row.kind,
    )

  it('joins one author’s messages that are close in time', () => {
    expect(shape(of(text(1), text(2), text(3, 'agent'), text(4)))).toEqual(['day', 'm1+m2', 'm3', 'm4'])
  })

  it('starts anew after five minutes and after a note', () => {
    expect(shape(of(text(1), text(2, 'customer', 6 * MINUTE)))).toEqual(['day', 'm1', 'm2'])
    expect(shape(of(text(1), note(2), text(3)))).toEqual(['day', 'm1', 'note', 'm3'])
  })

  it('names each day once', () => {
    const tomorrow = 24 * 60 * MINUTE + 1
    expect(shape(of(text(1), text(2, 'customer', tomorrow)))).toEqual(['day', 'm1', 'day', 'm2'])
  })
})
