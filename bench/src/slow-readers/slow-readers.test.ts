/** The test of slow readers end to end, in small: real processes; what is asserted is what must be so however slow the machine is. */
import { beforeAll, describe, it } from 'vitest'
import { buildPrograms } from '../common/build-programs.js'
import type { SlowPlan } from './plan.js'
import { measureSlowReaders } from './run.js'

const SOURCE = new URL('./', import.meta.url)
let programs: URL

beforeAll(async () => {
  programs = await buildPrograms(SOURCE, 'slow-readers', ['readers/fast.ts', 'readers/slow.ts'])
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
    } = await measureSlowReaders('millrace', plan, programs)
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
    const { thin, stalled, lost } = await measureSlowReaders('ws', plan, programs)
    expect([thin.skipped, thin.reconnections, lost]).toEqual([0, 0, 0])
    expect(thin.behind).toBeGreaterThan(0)
    expect(stalled.queued).toBeGreaterThan(100_000)
    expect(stalled.waiting).not.toBeNull()
  })
})
