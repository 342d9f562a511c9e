import { afterAll, describe, expect, it } from 'vitest'
import { toHex } from './bytes.js'
import { fuzz } from './fuzz.js'
import { allTargets } from './targets/index.js'

// As many inputs as take about a second; the ones over streams and sockets are slower.
const ITERATIONS: Readonly<Record<string, number>> = {
  'frames-server': 3_000,
  'frames-client': 3_000,
  'frames-server-deflate': 1_000,
  'frames-client-deflate': 400,
}
const OTHERS = 8_000
const SEED = 20_251_123

const targets = allTargets()
afterAll(() => Promise.all(targets.map((target) => target.close?.())))

describe('under attack, nothing but success or a documented error comes of', () => {
  it.each(targets.map((target) => [target.name, target] as const))(
    '%s',
    { timeout: 60_000 },
    async (name, target) => {
      const { finding, endings } = await fuzz({ target, seed: SEED, iterations: ITERATIONS[name] ?? OTHERS })
      expect(finding === undefined ? '' : `${finding.problem}: ${toHex(finding.input)}`).toBe('')
      // A fuzzer that only ever sees one ending tests nothing.
      expect(endings).toBeGreaterThan(10)
    },
  )
})
