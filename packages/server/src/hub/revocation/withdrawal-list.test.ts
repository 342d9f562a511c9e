import { describe, expect, it } from 'vitest'
import { Identity } from '../identity.js'
import { checkRevocable, type Revocable } from './revocable.js'
import { type Withdrawal, WithdrawalList, withdrawalOf } from './withdrawals.js'

const from = { user: 'ann' }
const NOW = 1_000_000

/** What revoke() says of ann at a time. */
function said(what: Omit<Revocable, 'user'>, at: number, lasts = 60_000): Withdrawal {
  const withdrawal = withdrawalOf({ ...from, ...what }, { at, until: at + lasts })
  if (withdrawal === undefined) throw new Error('It takes everything')
  return withdrawal
}

/** All orders of a list. */
function orders<T>(list: readonly T[]): T[][] {
  if (list.length < 2) return [[...list]]
  return list.flatMap((one, n) => orders(list.toSpliced(n, 1)).map((rest) => [one, ...rest]))
}

describe('[H10.8] what is taken from a subject', () => {
  it('is the same in whatever order, and however often, it is heard of', () => {
    const all = [
      said({ channels: { 'chat:1': ['publish', 'history'] } }, NOW),
      said({ channels: { 'chat:1': ['publish'] }, calls: ['refund'] }, NOW + 1, 90_000),
      said({ channels: { 'chat:1': ['publish'] } }, NOW + 2, 0),
      said({ channels: { 'chat:2': ['*'] } }, NOW + 2),
    ]
    const known = orders([...all, ...all.slice(0, 1)]).map((order) => {
      const list = new WithdrawalList()
      for (const withdrawal of order) list.take(withdrawal, NOW + 2)
      return list
        .from({ identity: new Identity({ id: 'ann' }), session: 's' }, NOW + 2)
        .map(({ name, action, until }) => `${action} ${name} ${until - NOW}`)
        .sort()
    })
    expect(known).toHaveLength(120)
    for (const one of known)
      expect(one).toEqual(['* chat:2 60002', 'call refund 90001', 'history chat:1 60000'])
  })

  it('holds for the longer of two that nodes say within a millisecond', () => {
    const both = [60_000, 90_000].map((lasts) => said({ calls: ['refund'] }, NOW, lasts))
    for (const order of orders(both)) {
      const list = new WithdrawalList()
      for (const withdrawal of order) list.take(withdrawal, NOW)
      expect(list.of(from).things).toMatchObject([{ until: NOW + 90_000 }])
    }
  })

  it('is news once', () => {
    const list = new WithdrawalList()
    const mute = said({ channels: { 'chat:1': ['publish', 'publish'] } }, NOW)
    expect(mute.things).toHaveLength(1)
    expect([list.take(mute, NOW), list.take(mute, NOW), list.take(mute, NOW + 120_000)]).toEqual([
      true,
      false,
      false,
    ])
    expect(new WithdrawalList().take(mute, NOW + 120_000)).toBe(false)
  })

  it('makes way for what is remembered still', () => {
    const list = new WithdrawalList()
    const things = (at: number) => said({ calls: ['refund'] }, at, 100).things
    for (let n = 0; n < 5_000; n++)
      list.take({ from: { user: `u${n}` }, things: things(n * 1_000) }, n * 1_000)
    expect(list.size).toBeLessThan(1_200)
  })
})

describe('revoke()', () => {
  it.each<[object, string]>([
    [{ user: 'ann', channels: {} }, 'channels that name nothing'],
    [{ user: 'ann', calls: [] }, 'calls that name nothing'],
    [{ user: 'ann', calls: [], channels: { 'chat:5': ['*'] } }, 'calls that name nothing'],
    [{ user: 'ann', channels: { 'chat:5': [] } }, "no actions of 'chat:5'"],
    [{ user: 'ann', channels: { 'chat:5': ['write'] } }, 'that are not some of *, subscribe, publish'],
    [{ user: 'ann', channels: { 'chat:5': 'publish' } }, "has actions of 'chat:5'"],
    [{ user: 'ann', channels: { 'chat:*:5': ['*'] } }, 'a * may only be its last character'],
    [{ user: 'ann', channels: { '': ['*'] } }, 'names of 1 to 255 characters in channels'],
    [{ user: 'ann', channels: ['chat:5'] }, 'channels that are no object'],
    [{ user: 'ann', channels: null }, 'channels that are no object'],
    [{ user: 'ann', calls: 'refund' }, 'calls that are no list of names'],
    [{ user: 'ann', calls: ['x'.repeat(256)] }, 'names of 1 to 255 characters in calls'],
    [{ user: 'ann', channel: { 'chat:5': ['*'] } }, 'one of user, session and tokenId'],
    [{ channels: { 'chat:5': ['*'] } }, 'one of user, session and tokenId'],
    [{ user: 'ann', session: 's', calls: ['refund'] }, 'one of user, session and tokenId'],
  ])('does not take %j', (what, message) => {
    expect(() => checkRevocable(what)).toThrow(TypeError)
    expect(() => checkRevocable(what)).toThrow(message)
  })

  it.each<[Revocable]>([
    [{ user: 'ann' }],
    [{ user: 'ann', channels: undefined, calls: undefined }],
    [{ session: 's', channels: { 'chat:5': ['publish', 'subscribe'], '*': ['*'] } }],
    [{ tokenId: 't', calls: ['refund', 'admin.*'] }],
  ])('takes %j', (what) => {
    expect(checkRevocable(what)).toBe(what)
  })
})
