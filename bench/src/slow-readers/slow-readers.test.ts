/** The test of slow readers end to end, in small: real processes; what is asserted is what must be so however slow the machine is. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, it } from 'vitest'
import type { SlowPlan } from './plan.js'
import { measureSlowReaders } from './run.js'

const SOURCE = fileURLToPath(new URL('.', import.meta.url))
/** Ignored by git, and where other packages are found from. */
const OUT = new URL('../../temp/slow-readers-programs/', import.meta.url)

/** The processes cannot run TypeScript on Node 20, and a test must not depend on a build that may be stale. */
beforeAll(async () => {
  const servers = readdirSync(`${SOURCE}servers`).map((file) => `servers/${file}`)
  await build({
    entryPoints: ['readers/fast.ts', 'readers/slow.ts', ...servers].map((file) => SOURCE + file),
    outbase: SOURCE,
    outdir: fileURLToPath(OUT),
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    conditions: ['millrace:source'],
    external: ['ws', 'socket.io', 'socket.io-client'],
  })
})

describe.runIf(process.platform === 'linux').concurrent('in small', { timeout: 60_000 }, () => {
  const plan: SlowPlan = { peers: ['millrace'], fast: 5, rate: 8000, slow: 3, calm: 0.5 }

  it('the thin reader of Millrace has the newest of each key in the end, and knows what it skipped', async ({
    expect,
  }) => {
    const {
      thin,
      without,
      with: beside,
      lost,
      memory,
      stalled,
    } = await measureSlowReaders('millrace', plan, OUT)
    expect([thin.behind, thin.reconnections, lost]).toEqual([0, 0, 0])
    expect(thin.got).toBeGreaterThan(20)
    expect(thin.skipped).toBeGreaterThan(thin.got)
    expect(thin.ages?.count).toBeGreaterThan(0)
    expect(Math.max(beside.least, without.least)).toBeLessThanOrEqual(1)
    expect(beside.p99).toBeGreaterThan(0)
    expect(memory.peak).toBeGreaterThanOrEqual(memory.before)
    // It is sent no more than it might read.
    expect(stalled.queued).toBeLessThan(100_000)
  })

  it('that of ws gets one after the other, and what it does not read waits somewhere', async ({ expect }) => {
    const { thin, stalled, lost } = await measureSlowReaders('ws', plan, OUT)
    expect([thin.skipped, thin.reconnections, lost]).toEqual([0, 0, 0])
    expect(thin.behind).toBeGreaterThan(0)
    expect(stalled.queued).toBeGreaterThan(100_000)
    expect(stalled.waiting).not.toBeNull()
  })
})
