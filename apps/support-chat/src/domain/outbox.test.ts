import { describe, expect, it } from 'vitest'
import {
  addressed,
  confirmed,
  nextOf,
  OUTBOX_LIMIT,
  type Outbox,
  outboxFrom,
  refused,
  retried,
  unaddressed,
  written,
} from './outbox.js'

const message = (id: string, ticket?: string) => ({ id, text: id, writtenAt: 1, ...(ticket && { ticket }) })
const boxOf = (...ids: string[]): Outbox => ids.map((id) => message(id)).reduce<Outbox>(written, [])

describe('the outbox', () => {
  it('keeps the order of writing and sends the oldest first', () => {
    const box = boxOf('a', 'b', 'c')
    expect(nextOf(box)?.id).toBe('a')
    expect(nextOf(confirmed(box, 'a'))?.id).toBe('b')
    expect(nextOf([])).toBeUndefined()
  })

  it('goes past a refused message and comes back to it when asked', () => {
    const box = refused(boxOf('a', 'b'), 'a', 'Not allowed')
    expect(nextOf(box)?.id).toBe('b')
    expect(nextOf(retried(box, 'a'))?.id).toBe('a')
  })

  it('addresses what was written before there was a conversation', () => {
    const box = addressed([message('a'), message('b', 't1')], 't2')
    expect(box.map(({ ticket }) => ticket)).toEqual(['t2', 't1'])
  })

  it('keeps what is unsent when its conversation is gone, for the next one', () => {
    const box = unaddressed([message('a', 't1'), message('b')])
    expect(box.map(({ id, ticket }) => [id, ticket])).toEqual([
      ['a', undefined],
      ['b', undefined],
    ])
    expect(addressed(box, 't2').map(({ ticket }) => ticket)).toEqual(['t2', 't2'])
  })

  it('takes a message once and is bounded', () => {
    expect(written(boxOf('a'), message('a'))).toHaveLength(1)
    const many = Array.from({ length: OUTBOX_LIMIT + 5 }, (_, n) => `m${n}`)
    const box = boxOf(...many)
    expect(box).toHaveLength(OUTBOX_LIMIT)
    expect(box[0]?.id).toBe('m5')
  })

  it('reads back what it saved and nothing else', () => {
    const box = refused(boxOf('a', 'b'), 'a', 'why')
    expect(outboxFrom(JSON.parse(JSON.stringify(box)))).toEqual(JSON.parse(JSON.stringify(box)))
    expect(outboxFrom([{ id: 1 }, null, 'x', { id: 'a', text: 'a' }, message('ok')])).toEqual([message('ok')])
    expect(outboxFrom({ length: 3 })).toEqual([])
    expect(outboxFrom(undefined)).toEqual([])
  })
})
