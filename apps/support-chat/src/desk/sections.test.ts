import { describe, expect, it } from 'vitest'
import { HelpDesk } from '../domain/help-desk.js'
import { closedSections, neighbour, openSections } from './sections.js'

const ines = { id: 'agent.ines', name: 'Ines' }
const tomas = { id: 'agent.tomas', name: 'Tomas' }

function tickets() {
  const desk = new HelpDesk()
  for (const n of [1, 2, 3, 4, 5, 6])
    desk.open({ id: `t${n}`, customer: { id: `c${n}`, name: `C${n}` }, now: n })
  desk.take({ ticket: 't2', agent: ines, now: 10 })
  desk.take({ ticket: 't3', agent: tomas, now: 10 })
  desk.close({ ticket: 't4', by: 'agent', now: 20 })
  desk.close({ ticket: 't5', by: 'customer', now: 30 })
  return desk.all()
}

describe('the agent’s list', () => {
  const sections = openSections(tickets(), ines.id)

  it('shows who waits, the agent’s own and the colleagues’', () => {
    expect(sections.map(({ key, tickets }) => [key, tickets.map(({ id }) => id)])).toEqual([
      ['waiting', ['t1', 't6']],
      ['mine', ['t2']],
      ['team', ['t3']],
    ])
  })

  it('shows closed ones apart, the newest first', () => {
    expect(closedSections(tickets()).map(({ tickets }) => tickets.map(({ id }) => id))).toEqual([
      ['t5', 't4'],
    ])
  })

  it('is walked through in the order shown, and round', () => {
    expect(neighbour(sections, 't6', 1)?.id).toBe('t2')
    expect(neighbour(sections, 't3', 1)?.id).toBe('t1')
    expect(neighbour(sections, 't1', -1)?.id).toBe('t3')
    expect(neighbour(sections, undefined, 1)?.id).toBe('t1')
    expect(neighbour(sections, 'gone', -1)?.id).toBe('t3')
    expect(neighbour([], undefined, 1)).toBeUndefined()
  })
})
