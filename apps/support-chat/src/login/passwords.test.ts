import { expect, it } from 'vitest'
import { DEMO } from './agents.js'
import { HASH, hashPassword, PasswordChecks } from './passwords.js'

const checks = new PasswordChecks()

it('the hash of a password is another each time, and lets that password in alone', async () => {
  const [one, two] = [await hashPassword('mill race'), await hashPassword('mill race')]
  expect(one).toMatch(HASH)
  expect(two).not.toBe(one)
  expect(one).not.toContain('mill')
  expect(await checks.check('mill race', one)).toBe(true)
  expect(await checks.check('mill race', two)).toBe(true)
  expect(await checks.check('Mill race', one)).toBe(false)
  expect(await checks.check('', one)).toBe(false)
})

it('a password is the same however its letters are composed', async () => {
  const composed = await hashPassword('caf\u00e9')
  expect(await checks.check('cafe\u0301', composed)).toBe(true)
})

it('who has no account waits as long to be refused as who has', async () => {
  const time = async (hash?: string): Promise<number> => {
    const since = performance.now()
    expect(await checks.check('guess', hash)).toBe(false)
    return performance.now() - since
  }
  const hash = await hashPassword('right')
  const [known, unknown] = [
    Math.min(await time(hash), await time(hash)),
    Math.min(await time(), await time()),
  ]
  // The work is the same; the machine may do something else meanwhile.
  expect(unknown / known).toBeGreaterThan(0.1)
  expect(unknown / known).toBeLessThan(10)
})

it('checks one after another, goes on after one that failed, and says when too many wait', async () => {
  const answers: ((isRight: boolean | Promise<boolean>) => void)[] = []
  const busy = new PasswordChecks(() => new Promise((resolve) => answers.push(resolve)))
  const all = Array.from({ length: 10 }, (_, n) => busy.check(`guess ${n}`))
  expect(busy.isBusy).toBe(true)
  for (let n = 0; n < 10; n++) {
    await expect.poll(() => answers.length).toBe(n + 1)
    answers[n]?.(n === 0 ? Promise.reject(new Error('no memory')) : true)
  }
  const ends = (await Promise.allSettled(all)).map(({ status }) => status)
  expect(ends).toEqual(['rejected', ...Array(9).fill('fulfilled')])
  expect(busy.isBusy).toBe(false)
})

it.each(DEMO)('the demonstration tells the password of $user', async ({ told, password }) => {
  expect(await checks.check(told, password)).toBe(true)
})
