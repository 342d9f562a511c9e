import { describe, expect, it } from 'vitest'
import { Roster } from './roster.js'

const member = (session: string, data: unknown = {}) => ({ session, user: undefined, since: 1, data })
const ada = member('ada')
const bob = member('bob')

describe('the roster', () => {
  it('tells the first list as joined, even an empty one', () => {
    expect(new Roster().replace([ada, bob])).toEqual({
      members: [ada, bob],
      joined: [ada, bob],
      updated: [],
      departed: [],
    })
    expect(new Roster().replace([])).toEqual({ members: [], joined: [], updated: [], departed: [] })
  })

  it('follows who comes, changes and goes', () => {
    const roster = new Roster()
    roster.replace([ada])
    expect(roster.change('joined', bob)).toEqual({
      members: [ada, bob],
      joined: [bob],
      updated: [],
      departed: [],
    })
    const away = member('ada', { away: true })
    expect(roster.change('updated', away)).toEqual({
      members: [away, bob],
      joined: [],
      updated: [away],
      departed: [],
    })
    expect(roster.change('departed', bob)).toEqual({
      members: [away],
      joined: [],
      updated: [],
      departed: [bob],
    })
  })

  it('goes by what it knows: a known member cannot join, an unknown one cannot go', () => {
    const roster = new Roster()
    roster.replace([ada])
    expect(roster.change('joined', ada)).toBeUndefined()
    const away = member('ada', { away: true })
    expect(roster.change('joined', away)).toMatchObject({ joined: [], updated: [away] })
    expect(roster.change('updated', bob)).toMatchObject({ joined: [bob], updated: [] })
    expect(roster.change('departed', member('eve'))).toBeUndefined()
  })

  it('tells of a whole new list only what is different: no flicker after a cut', () => {
    const roster = new Roster()
    roster.replace([ada, bob])
    expect(roster.replace([member('bob'), member('ada')])).toBeUndefined()
    const away = member('ada', { away: true })
    const eve = member('eve')
    expect(roster.replace([away, eve])).toEqual({
      members: [away, eve],
      joined: [eve],
      updated: [away],
      departed: [bob],
    })
  })
})
