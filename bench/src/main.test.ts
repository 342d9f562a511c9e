/** The harness end to end: a tiny scenario against a real `ws` server in real processes. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { JitterReport } from './continuity/jitter/report.js'
import type { EchoSample } from './harness/samples.js'

/** Beside `src` and as deep as `dist`, so that paths relative to a file mean the same; ignored by git. */
const OUT = fileURLToPath(new URL('../temp/', import.meta.url))
const SOURCE = fileURLToPath(new URL('.', import.meta.url))
const TINY = ['--quick', '--scenario', 'echo', '--peer', 'ws', '--rounds', '1', '--seconds', '0.3']

/** The processes cannot run TypeScript on Node 20, and a test must not depend on a build that may be stale. */
beforeAll(async () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  await build({
    entryPoints: sources.map((file) => SOURCE + file),
    outbase: SOURCE,
    outdir: OUT,
    format: 'esm',
  })
})

function bench(args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [`${OUT}main.js`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const child = bench(args)
  let out = ''
  let err = ''
  child.stdout?.on('data', (text) => {
    out += text
  })
  child.stderr?.on('data', (text) => {
    err += text
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean).map(Number)

describe.runIf(process.platform === 'linux')('npm run bench', () => {
  it('measures ws and prints what it measured', async () => {
    const { code, out, err } = await run([...TINY, '--json'])
    expect(err).toContain('ws: echo')
    expect(code).toBe(0)
    const report = JSON.parse(out) as { samples: EchoSample[]; failures: unknown[]; targets: unknown[] }
    expect(report.failures).toEqual([])
    expect(report.targets).not.toEqual([])
    expect(report.samples.map((sample) => sample.inFlight)).toEqual([1, 32])
    for (const { figures } of report.samples) {
      expect(figures.count).toBeGreaterThan(0)
      expect(figures.seconds).toBeGreaterThan(0)
      expect(figures.latency.samples).toBe(figures.count)
      expect(figures.server.user + figures.server.system).toBeGreaterThan(0)
      expect(figures.latency.p99).toBeGreaterThanOrEqual(figures.latency.p50)
    }
  })

  // Kernels can be built without the list of a process's children.
  const tellsChildren = existsSync(`/proc/self/task/${process.pid}/children`)
  it.runIf(tellsChildren)('leaves no process behind when it is interrupted', async () => {
    const child = bench(TINY)
    const pid = child.pid as number
    // The first group is announced before its server starts, so wait until both children are there.
    await expect.poll(() => childrenOf(pid).length, { timeout: 10_000 }).toBe(2)
    const children = childrenOf(pid)
    child.kill('SIGINT')
    expect(await once(child, 'close')).toEqual([130, null])
    await expect
      .poll(() => children.filter((one) => existsSync(`/proc/${one}`)), { timeout: 5000 })
      .toEqual([])
  })

  it('answers a mistake with what would have been right', async () => {
    const { code, err } = await run(['--peer', 'nobody'])
    expect(code).toBe(2)
    expect(err).toBe('--peer nobody: must be one of millrace, engine, ws, socket.io, uws, bun\n')
  })

  it('has commands of their own, with their own help and complaints', async () => {
    const help = await run(['reconnect', '--help'])
    expect([help.code, help.out]).toEqual([0, expect.stringContaining('npm run bench -- reconnect')])
    const mistake = await run(['jitter', '--outage', '20'])
    expect([mistake.code, mistake.out]).toEqual([2, ''])
    expect(mistake.err).toContain('--outage must be shorter than --drop-every')
    const unknown = await run(['jittre'])
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('jittre')])
  })

  it('jitter measures a peer, says what it does meanwhile, and prints what it found', async () => {
    const tiny =
      '--peer socket.io-recovery --clients 3 --messages 5 --interval 0.1 --drop-every 5 --outage 0.1'
    const { code, out, err } = await run(['jitter', ...tiny.split(' '), '--json'])
    expect(err).toContain('[1/1, ')
    // What others lose is no failure: only Millrace has targets here.
    expect(code).toBe(0)
    const report = JSON.parse(out) as JitterReport
    expect(report.failures).toEqual([])
    expect(report.samples).toMatchObject([{ peer: 'socket.io-recovery', counts: { expected: 15 } }])
  })
})
