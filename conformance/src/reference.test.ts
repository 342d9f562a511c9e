import { expect, it } from 'vitest'
import { judge } from './judge.js'
import { referenceSubjects } from './subjects/reference/index.js'

// What comes at once elsewhere may take seconds beside other tests. Whole writes are enough here: octet by octet is what the mutants that depend on chunks are tested with.
it('every case can be passed: the reference passes them all', { timeout: 120_000 }, async () => {
  const { runs, skipped, failures } = await judge(referenceSubjects(), ['whole'], 15_000)
  expect(failures.join('\n\n')).toBe('')
  expect(skipped).toBe(0)
  expect(runs).toBeGreaterThan(3_500)
})
