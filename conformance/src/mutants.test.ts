import { describe, expect, it } from 'vitest'
import { CASES } from './cases/index.js'
import { runSuite } from './runner/run-suite.js'
import { FAULTS, type Fault } from './subjects/reference/faults.js'
import { referenceSubjects } from './subjects/reference/index.js'

// The reference answers within a turn or two of the event loop; a mutant that hangs need not be waited for longer.
const PATIENCE_MS = 400

async function failuresOf(fault: Fault): Promise<string[]> {
  const { noticedBy, subject: name } = FAULTS[fault]
  const subjects = referenceSubjects(fault).filter((one) => one.name === `reference-${name}`)
  const cases = CASES.filter((one) => one.id.startsWith(noticedBy))
  const deliveries = fault === 'losesSplitHeaders' ? (['bytes'] as const) : (['whole'] as const)
  const verdicts = await runSuite({ subjects, cases, deliveries, patience: PATIENCE_MS })
  return verdicts.filter(({ outcome }) => outcome.is === 'failed').map(({ testCase }) => testCase.id)
}

describe('the suite notices', () => {
  it.each(Object.keys(FAULTS) as Fault[])('%s', async (fault) => {
    expect(await failuresOf(fault)).not.toEqual([])
  })
})
