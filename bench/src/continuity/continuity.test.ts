/** Both tests end to end, in small: real servers, clients and a proxy, each a process. What is judged is correctness, never time. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'
import type { JitterPlan } from './jitter/plan.js'
import { measureJitter } from './jitter/run.js'
import { measureAlone } from './reconnect/alone.js'
import { measureHerd } from './reconnect/herd.js'

const SOURCE = fileURLToPath(new URL('.', import.meta.url))
/** Ignored by git, and where other packages are found from. */
const OUT = new URL('../../temp/continuity-programs/', import.meta.url)

/** The processes cannot run TypeScript on Node 20, and a test must not depend on a build that may be stale. */
beforeAll(async () => {
  const servers = readdirSync(`${SOURCE}servers`).map((file) => `servers/${file}`)
  await build({
    entryPoints: ['proxy/main.ts', 'clients/main.ts', ...servers].map((file) => SOURCE + file),
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

describe.runIf(process.platform === 'linux')('in small', { timeout: 60_000 }, () => {
  /** Each client is dropped three times while twenty messages are published. */
  const plan: JitterPlan = {
    peers: ['millrace'],
    clients: 20,
    messages: 20,
    interval: 100,
    dropEvery: 650,
    outage: 150,
    settling: 15_000,
  }

  it('jitter: Millrace delivers everything once and in order, and says what was held up', async () => {
    const { counts, outages, latency, beyond } = await measureJitter('millrace', plan, OUT)
    expect(counts).toEqual({ expected: 400, delivered: 400, repeated: 0, disordered: 0, gaps: 0 })
    expect(outages).toBeGreaterThanOrEqual(60)
    expect(latency?.count).toBe(400)
    expect(beyond?.count).toBeGreaterThan(0)
  })

  it('jitter: what a peer without recovery loses is seen', async () => {
    const { counts, outages } = await measureJitter('socket.io', { ...plan, settling: 100 }, OUT)
    expect(outages).toBeGreaterThanOrEqual(60)
    expect(counts).toMatchObject({ expected: 400, repeated: 0 })
    expect(counts.delivered).toBeGreaterThan(0)
    expect(counts.delivered).toBeLessThan(400)
  })

  const reconnect = { clients: 20, alone: 3, messages: 30, size: 100, outage: 300, patience: 5000 }

  it('reconnect: all come back at once, by one connection each, and lack nothing', async () => {
    const { counts, attempts, back, recovery, liveAfter, memory } = await measureHerd(reconnect, OUT)
    expect(counts).toEqual({ expected: 620, delivered: 620, repeated: 0, disordered: 0, gaps: 0 })
    expect([back?.count, recovery?.count, attempts.mostAfter]).toEqual([20, 20, 1])
    expect(attempts.total).toBeGreaterThanOrEqual(20)
    expect(liveAfter).toBeGreaterThan(0)
    expect(memory.peak).toBeGreaterThan(0)
  })

  it('reconnect: one after the other comes back, and lacks nothing', async () => {
    const { counts, recovery, sinceHealed } = await measureAlone(reconnect, OUT)
    expect(counts).toEqual({ expected: 90, delivered: 90, repeated: 0, disordered: 0, gaps: 0 })
    expect([recovery?.count, sinceHealed?.count]).toEqual([3, 3])
  })
})
