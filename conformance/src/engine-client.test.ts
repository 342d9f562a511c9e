import { expect, it } from 'vitest'
import { judge } from './judge.js'
import { engineSubjects } from './subjects/engine.js'

it('Millrace’s engine passes every case as a client', { timeout: 120_000 }, async () => {
  const subjects = engineSubjects().filter((one) => one.role === 'client')
  const { runs, skipped, failures } = await judge(subjects)
  expect(failures.join('\n\n')).toBe('')
  expect(skipped).toBe(0)
  expect(runs).toBeGreaterThan(1_000 * subjects.length)
})
