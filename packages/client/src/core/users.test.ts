import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Roster } from './roster.js'
import type { ChannelMember, PresenceEvent } from './types.js'
import { usersOf } from './users.js'

const member = (session: string, user?: string, data: unknown = null): ChannelMember => ({
  session,
  user,
  since: Number(session),
  data,
})
const names = (event: PresenceEvent) => {
  const { users, joined, updated, departed } = usersOf(event)
  return [users, joined, updated, departed].map((list) => list.map(({ user }) => user))
}

describe('users of a channel', () => {
  it('come with their first device and go with their last', () => {
    const roster = new Roster()
    const steps = [
      ['joined', member('1', 'ada'), [['ada'], ['ada'], [], []]],
      ['joined', member('2', 'bob'), [['ada', 'bob'], ['bob'], [], []]],
      ['joined', member('3', 'ada'), [['ada', 'bob'], [], ['ada'], []]],
      ['updated', member('3', 'ada', 'away'), [['ada', 'bob'], [], ['ada'], []]],
      ['departed', member('1', 'ada'), [['bob', 'ada'], [], ['ada'], []]],
      ['departed', member('3', 'ada'), [['bob'], [], [], ['ada']]],
    ] as const
    roster.replace([])
    for (const [change, one, expected] of steps) {
      const event = roster.change(change, one)
      expect(event && names(event)).toEqual(expected)
    }
  })

  it('are there while one device takes the place of another', () => {
    const roster = new Roster()
    roster.replace([member('1', 'ada')])
    const event = roster.replace([member('2', 'ada')])
    expect(event && names(event)).toEqual([['ada'], [], ['ada'], []])
    expect(event && usersOf(event).users[0]).toMatchObject({ since: 2, sessions: [{ session: '2' }] })
  })

  it('sessions of nobody stand for themselves', () => {
    const roster = new Roster()
    const event = roster.replace([member('1'), member('2'), member('3', '1')])
    expect(event && usersOf(event).users).toHaveLength(3)
  })

  it('are what a set of users would say, whatever comes and goes', () => {
    const one = fc.record({
      session: fc.nat(5).map(String),
      user: fc.constantFrom('ada', 'bob', 'cid'),
      data: fc.nat(1),
    })
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(one, { selector: ({ session }) => session })), (rosters) => {
        const roster = new Roster()
        let before = new Set<string | undefined>()
        for (const members of rosters) {
          // A session is one user's for its life.
          const all = members.map(({ session, data }) => member(session, `user ${Number(session) % 3}`, data))
          const event = roster.replace(all)
          const now = new Set(all.map(({ user }) => user))
          if (event !== undefined) {
            const [users, joined, updated, departed] = names(event).map((list) => new Set(list))
            expect(users).toEqual(now)
            expect(joined).toEqual(new Set([...now].filter((user) => !before.has(user))))
            expect(departed).toEqual(new Set([...before].filter((user) => !now.has(user))))
            for (const user of updated ?? []) expect(before.has(user) && now.has(user)).toBe(true)
          }
          before = now
        }
      }),
    )
  })
})
