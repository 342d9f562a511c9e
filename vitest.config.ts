import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests import workspace packages from their sources, so a test run needs no build.
const resolve = { conditions: ['millrace:source', 'node', 'import', 'default'] }
const shared = { resolve, ssr: { resolve } }

/** What measures real time: on a machine that is busy with other tests it would say nothing. */
const TIMED = [
  'test/promises/liveness.test.ts',
  'test/promises/slow-readers.test.ts',
  'test/networks/networks.test.ts',
  'packages/client/src/client.integration.test.ts',
  'test/attacks/{input,floods,crowds,fan-out,http2}.test.ts',
]
const NEVER = ['**/node_modules/**', '**/dist/**']
const PATIENCE = { testTimeout: 20_000, hookTimeout: 60_000 }

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: {
          ...PATIENCE,
          name: 'all',
          include: ['{packages,apps,conformance,fuzz,bench,simulation,test}/**/*.test.ts'],
          exclude: [...NEVER, ...TIMED],
          // Many wait for something: on two cores vitest would run one file at a time, and two would wait together.
          maxWorkers: Math.max(3, availableParallelism() - 1),
          sequence: { groupOrder: 0 },
        },
      },
      {
        ...shared,
        test: {
          ...PATIENCE,
          name: 'timed',
          include: TIMED,
          exclude: NEVER,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
