import { describe, expect, it } from 'vitest'
import { HelpDesk, Refused } from './help-desk.js'
import type { Person } from './ticket.js'

const person = (id: string): Person => ({ id, name: id })
const ines = person('Ines')
const tom = person('Tom')

/** A desk with tickets t1, t2, … of customers c1, c2, …, opened at times 1, 2, … */
function deskWith(waiting: number): HelpDesk {
  const desk = new HelpDesk()
  for (let n = 1; n <= waiting; n++) desk.open({ id: `t${n}`, customer: person(`c${n}`), now: n })
  return desk
}

function ahead(desk: HelpDesk, id: string): number {
  const ticket = desk.get(id)
  if (ticket === undefined) throw new Error(`no ${id}`)
  return desk.view(ticket).ahead
}

describe('opening', () => {
  it('puts a customer at the end of the queue', () => {
    const desk = deskWith(3)
    expect(['t1', 't2', 't3'].map((id) => ahead(desk, id))).toEqual([0, 1, 2])
  })

  it('gives a customer the conversation that is already open', () => {
    const desk = deskWith(1)
    const again = desk.open({ id: 'other', customer: person('c1'), now: 9 })
    expect(again.id).toBe('t1')
    expect(again.version).toBe(1)
    expect(desk.get('other')).toBeUndefined()
  })

  it('takes over a changed name', () => {
    const desk = deskWith(1)
    const renamed = desk.open({ id: 'other', customer: { id: 'c1', name: 'Anna' }, now: 9 })
    expect(renamed).toMatchObject({ id: 't1', customer: { name: 'Anna' }, version: 2 })
  })

  it('opens a new one after the last was closed', () => {
    const desk = deskWith(1)
    desk.close({ ticket: 't1', by: 'customer', now: 5 })
    expect(desk.open({ id: 'next', customer: person('c1'), now: 6 }).id).toBe('next')
  })

  it('refuses when too many are open, and closed ones do not count', () => {
    const desk = deskWith(5_000)
    expect(() => desk.open({ id: 'x', customer: person('x'), now: 6_000 })).toThrow(Refused)
    desk.close({ ticket: 't1', by: 'agent', now: 6_001 })
    expect(desk.open({ id: 'x', customer: person('x'), now: 6_002 }).status).toBe('waiting')
  })
})

describe('taking and assigning', () => {
  it('moves everybody behind up, and says so in a new version', () => {
    const desk = deskWith(3)
    const changed = desk.take({ ticket: 't2', agent: ines, now: 10 })
    expect(changed.map(({ id, version }) => [id, version])).toEqual([
      ['t2', 2],
      ['t3', 2],
    ])
    expect([ahead(desk, 't1'), ahead(desk, 't3')]).toEqual([0, 1])
  })

  it('lets one of two agents win, and tells the other who did', () => {
    const desk = deskWith(1)
    desk.take({ ticket: 't1', agent: ines, now: 10 })
    expect(() => desk.take({ ticket: 't1', agent: tom, now: 10 })).toThrow('Ines has taken this one')
    expect(() => desk.take({ ticket: 't1', agent: ines, now: 10 })).toThrow('You already have')
  })

  it('hands an active conversation to another agent and keeps when it was taken', () => {
    const desk = deskWith(1)
    desk.take({ ticket: 't1', agent: ines, now: 10 })
    const [ticket] = desk.assign({ ticket: 't1', agent: tom, now: 20 })
    expect(ticket).toMatchObject({ status: 'active', agent: tom, takenAt: 10 })
    expect(() => desk.assign({ ticket: 't1', agent: tom, now: 21 })).toThrow('Tom already has')
  })

  it('assigns one that still waits', () => {
    const desk = deskWith(2)
    expect(desk.assign({ ticket: 't1', agent: tom, now: 20 }).map(({ id }) => id)).toEqual(['t1', 't2'])
    expect(desk.get('t1')).toMatchObject({ status: 'active', agent: tom, takenAt: 20 })
  })

  it('refuses what does not exist or is closed', () => {
    const desk = deskWith(1)
    desk.close({ ticket: 't1', by: 'agent', now: 5 })
    expect(() => desk.take({ ticket: 't1', agent: ines, now: 6 })).toThrow('closed')
    expect(() => desk.close({ ticket: 't1', by: 'agent', now: 6 })).toThrow('closed')
    expect(() => desk.assign({ ticket: 'nope', agent: ines, now: 6 })).toThrow('does not exist')
  })
})

describe('closing', () => {
  it('keeps who served it, or that nobody did', () => {
    const desk = deskWith(2)
    desk.take({ ticket: 't1', agent: ines, now: 10 })
    desk.close({ ticket: 't1', by: 'agent', now: 11 })
    desk.close({ ticket: 't2', by: 'customer', now: 12 })
    expect(desk.get('t1')).toMatchObject({ status: 'closed', agent: ines, closedBy: 'agent', closedAt: 11 })
    expect(desk.get('t2')).not.toHaveProperty('agent')
  })

  it('forgets closed conversations after a day', () => {
    const desk = deskWith(1)
    desk.close({ ticket: 't1', by: 'agent', now: 5 })
    desk.open({ id: 'a', customer: person('a'), now: 5 + 24 * 3_600_000 })
    expect(desk.get('t1')).toBeDefined()
    desk.open({ id: 'b', customer: person('b'), now: 6 + 24 * 3_600_000 })
    expect(desk.get('t1')).toBeUndefined()
  })
})

describe('receipts', () => {
  const at = (time: number, offset = 1) => ({ time, offset })

  it('move forward only, one side without the other', () => {
    const desk = deskWith(1)
    expect(desk.mark('t1', 'agent', { delivered: at(100) })?.receipts.agent).toEqual({
      delivered: at(100),
      read: at(0, 0),
    })
    expect(desk.mark('t1', 'agent', { delivered: at(90) })).toBeUndefined()
    expect(desk.get('t1')?.receipts.customer.delivered).toEqual(at(0, 0))
  })

  it('reading implies having received', () => {
    const desk = deskWith(1)
    expect(desk.mark('t1', 'customer', { read: at(100, 7) })?.receipts.customer).toEqual({
      delivered: at(100, 7),
      read: at(100, 7),
    })
  })

  it('are told apart by offset within one millisecond, and by time across a new epoch', () => {
    const desk = deskWith(1)
    desk.mark('t1', 'customer', { read: at(100, 7) })
    expect(desk.mark('t1', 'customer', { read: at(100, 8) })?.receipts.customer.read).toEqual(at(100, 8))
    expect(desk.mark('t1', 'customer', { read: at(200, 1) })?.receipts.customer.read).toEqual(at(200, 1))
  })
})

describe('muting', () => {
  it('is seen by the customer, and is taken back; saying it twice is refused', () => {
    const desk = deskWith(1)
    const [muted] = desk.mute({ ticket: 't1', muted: true })
    expect(desk.view(muted)).toMatchObject({ muted: true, version: muted.version })
    expect(() => desk.mute({ ticket: 't1', muted: true })).toThrow('muted already')
    const [again] = desk.mute({ ticket: 't1', muted: false })
    expect(desk.view(again)).not.toHaveProperty('muted')
    expect(() => desk.mute({ ticket: 't1', muted: false })).toThrow('not muted')
  })

  it('ends with the conversation', () => {
    const desk = deskWith(1)
    desk.mute({ ticket: 't1', muted: true })
    const [closed] = desk.close({ ticket: 't1', by: 'agent', now: 20 })
    expect(closed).not.toHaveProperty('muted')
    expect(() => desk.mute({ ticket: 't1', muted: true })).toThrow('closed')
  })
})

describe('coming back', () => {
  it('a desk made of saved tickets goes on where the last one stopped', () => {
    const before = deskWith(3)
    before.take({ ticket: 't1', agent: ines, now: 10 })
    const after = new HelpDesk(JSON.parse(JSON.stringify(before.all())))
    expect(after.all()).toEqual(before.all())
    expect([ahead(after, 't2'), ahead(after, 't3')]).toEqual([0, 1])
  })
})
