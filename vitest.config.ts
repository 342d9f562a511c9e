import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

// Tests import workspace packages from their sources, so a test run needs no build.
const resolve = { conditions: ['millrace:source', 'node', 'import', 'default'] }

export default defineConfig({
  resolve,
  ssr: { resolve },
  test: {
    include: ['{packages,apps,conformance,fuzz,bench,simulation,test}/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Many tests wait for real time to pass: on two cores vitest would run one file at a time.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
})
