import { expect, it } from 'vitest'
import { Attempts, LIMITS, networkOf } from './attempts.js'

const tries = (attempts: Attempts, count: number, user: string, address = 'a', now = 0): number[] =>
  Array.from({ length: count }, () => attempts.take(user, address, now))

it('lets five fail, then one each half minute, and says how long to wait', () => {
  const attempts = new Attempts()
  expect(tries(attempts, 7, 'ines')).toEqual([0, 0, 0, 0, 0, 30_000, 30_000])
  expect(attempts.take('ines', 'a', 10_000)).toBe(20_000)
  expect(attempts.take('ines', 'a', 30_000)).toBe(0)
  expect(attempts.take('ines', 'a', 30_000)).toBe(30_000)
})

it('does not count what was right', () => {
  const attempts = new Attempts()
  for (let n = 0; n < 50; n++) {
    expect(attempts.take('ines', 'a', 0)).toBe(0)
    attempts.giveBack('ines', 'a')
  }
})

it('locks nobody out for what others do elsewhere', () => {
  const attempts = new Attempts()
  tries(attempts, 10, 'ines', 'stranger')
  expect(attempts.take('ines', 'home', 0)).toBe(0)
})

it('stops an address that tries one name after another', () => {
  const attempts = new Attempts()
  const waits = Array.from({ length: LIMITS.address.burst + 1 }, (_, n) => attempts.take(`user ${n}`, 'a', 0))
  expect(waits.slice(0, -1).every((wait) => wait === 0)).toBe(true)
  expect(waits.at(-1)).toBe(LIMITS.address.every)
  expect(attempts.take('ines', 'b', 0)).toBe(0)
})

it('is not outwitted by a clock that goes back, and forgets who has a full allowance again', () => {
  const attempts = new Attempts()
  tries(attempts, 5, 'ines', 'a', 1_000_000)
  expect(attempts.take('ines', 'a', 0)).toBe(30_000)
  for (let n = 0; n < 6_000; n++) attempts.take('somebody', `address ${n}`, 2_000_000)
  attempts.take('ines', 'a', 9_000_000)
  expect(attempts.size).toBeLessThan(10)
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['', ''],
])('%s is of the network %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})
