import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHANNELS, COUNTER, KEEP_ALL, STATES } from '../test/child-parts.js'
import { ALL, Folders, item, using } from '../test/support.js'

const ROUNDS = 12
const folders = new Folders()
const systemClock = { now: Date.now, schedule: () => () => {} }
/** Below the repository's node_modules, so that what is bundled finds lmdb. */
const bundles = join(import.meta.dirname, `../../../node_modules/.cache/store-lmdb-${process.pid}`)
const APPEND = join(bundles, 'append-child.mjs')
const FULL = join(bundles, 'full-child.mjs')

beforeAll(async () => {
  await build({
    entryPoints: ['append-child', 'full-child'].map((name) =>
      join(import.meta.dirname, `../test/${name}.ts`),
    ),
    outdir: bundles,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['millrace:source'],
    external: ['lmdb'],
  })
  folders.alsoRemove(bundles)
})
afterAll(() => folders.remove())

interface Stored {
  readonly channel: string
  readonly offset: number
  readonly id: string
  readonly epoch: string
}

/** What a process said until it was killed. */
interface Said {
  readonly stored: readonly Stored[]
  readonly heard: ReadonlyMap<string, number>
  /** Of states, in the order of their offsets. */
  readonly changes: readonly Change[]
  /** The highest value that was acknowledged. */
  readonly counted: number
}

interface Change {
  readonly channel: string
  readonly offset: number
  readonly key: string
}

/** Runs a process that appends, kills it after so many lines, and answers what it said until then. */
async function appendUntilKilled(folder: string, round: number, lines: number): Promise<Said> {
  const child = spawn(process.execPath, [APPEND, folder, String(round)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)))
  const errors: string[] = []
  child.stderr.on('data', (data) => errors.push(String(data)))
  const said = await listen(child, lines)
  expect([await ended, errors.join('')]).toEqual(['SIGKILL', ''])
  return parse(said)
}

async function listen(child: ChildProcess, lines: number): Promise<readonly string[]> {
  const said: string[] = []
  if (child.stdout === null) return said
  // What it wrote before it was killed is in the pipe, and counts.
  for await (const line of createInterface({ input: child.stdout })) {
    said.push(line)
    if (said.length === lines) child.kill('SIGKILL')
  }
  return said
}

function parse(lines: readonly string[]): Said {
  const stored: Stored[] = []
  const changes: Change[] = []
  let counted = 0
  const heard = new Map<string, number>()
  for (const line of lines) {
    const [what = '', channel = '', offset = '', id = '', epoch = ''] = line.split(' ')
    if (what === 'stored') stored.push({ channel, offset: Number(offset), id, epoch })
    if (what === 'counted') counted = Math.max(counted, Number(id))
    // What was acknowledged was heard before.
    if (what === 'changed') expect(heard.get(channel)).toBeGreaterThanOrEqual(Number(offset))
    if (what !== 'heard') continue
    if (id !== '') changes.push({ channel, offset: Number(offset), key: id })
    // In order and without a hole, for it joined before its first append.
    const before = heard.get(channel)
    if (before !== undefined) expect(Number(offset)).toBe(before + 1)
    heard.set(channel, Number(offset))
  }
  return { stored, heard, changes, counted }
}

interface Check {
  readonly folder: string
  readonly context: string
  /** Of this round and of all. */
  readonly stored: readonly Stored[]
  readonly all: readonly Stored[]
  readonly heard: ReadonlyMap<string, number>
}

/** Opens what the killed process left, and compares it with what it had said. */
async function check({ folder, context, stored, all, heard }: Check): Promise<void> {
  await using({ folder, clock: systemClock }, async (broker) => {
    for (const [channel, keep] of Object.entries(CHANNELS)) {
      const { head, floor, publications } = await broker.read(channel, ALL, keep)
      const first = (floor?.offset ?? 0) + 1
      expect(head.offset, context).toBeGreaterThanOrEqual(heard.get(channel) ?? 0)
      expect(publications.length, context).toBe(Math.min(keep.size, head.offset))
      expect(publications.map(({ offset }) => offset)).toEqual(
        Array.from({ length: head.offset - first + 1 }, (_, index) => first + index),
      )
      const byId = new Map(publications.map(({ id, offset }) => [id, offset]))
      expect(byId.size, context).toBe(publications.length)
      const here = all.filter((one) => one.channel === channel)
      const lost = here.filter(({ id, offset }) => offset >= first && byId.get(id) !== offset)
      expect(lost, context).toEqual([])
      expect(here.every(({ epoch, offset }) => epoch === head.epoch && offset <= head.offset)).toBe(true)
    }
    const sent = stored.slice(-100)
    const again = await Promise.all(
      sent.map(({ channel, id }) => broker.append(channel, item('again', id), KEEP_ALL)),
    )
    expect(again, context).toEqual(sent.map(({ epoch, offset }) => ({ epoch, offset, skipped: 'duplicate' })))
  })
}

/** What a state must be after these changes, which a few more may have followed. */
interface Model {
  /** The newest offset of each key. */
  readonly newest: ReadonlyMap<string, number>
  /** The last offset with which a key was let go. */
  readonly floor: number
}

function modelOf(changes: readonly Change[], size: number): Model {
  const newest = new Map<string, number>()
  const kept = new Set<string>()
  let floor = 0
  for (const { key, offset } of changes) {
    newest.set(key, offset)
    kept.delete(key)
    kept.add(key)
    const [oldest] = kept
    if (kept.size <= size || oldest === undefined) continue
    kept.delete(oldest)
    floor = offset
  }
  return { newest, floor }
}

interface StateCheck {
  readonly folder: string
  readonly context: string
  readonly changes: readonly Change[]
  readonly counted: number
}

async function checkStates({ folder, context, changes, counted }: StateCheck): Promise<void> {
  await using({ folder, clock: systemClock }, async (broker) => {
    for (const [channel, { keep }] of Object.entries(STATES)) {
      const all = changes.filter((one) => one.channel === channel)
      const { newest, floor } = modelOf(all, keep.size)
      const slice = await broker.read(channel, ALL, keep)
      const kept = new Map(slice.publications.map(({ key = '', offset }) => [key, offset]))
      expect(kept.size, context).toBe(slice.publications.length)
      expect(kept.size, context).toBeLessThanOrEqual(keep.size)
      const first = kept.size < keep.size ? 0 : (slice.publications[0]?.offset ?? 0)
      // None is lost that is to be kept, and none has come back that was superseded.
      const wrong = [...newest].filter(([key, offset]) => {
        const there = kept.get(key)
        return there === undefined ? offset > first : there < offset
      })
      expect(wrong, context).toEqual([])
      expect(slice.floor?.offset ?? 0, context).toBeGreaterThanOrEqual(floor)
      expect(slice.floor === undefined, context).toBe(channel === 's:all' || slice.head.offset === 0)
    }
    const [last] = (await broker.read(COUNTER.channel, ALL, COUNTER.keep)).publications
    const value = last !== undefined && 'text' in last.data ? Number(last.data.text) : 0
    expect(value, context).toBe(last?.offset ?? 0)
    expect(value, context).toBeGreaterThanOrEqual(counted)
  })
}

/** Of what was not heard before one was killed, the next one hears nothing: those changes are only known to have been. */
function unheard(changes: readonly Change[], folder: string): Promise<readonly Change[]> {
  return using({ folder, clock: systemClock }, async (broker) => {
    const more: Change[] = []
    for (const [channel, { keep }] of Object.entries(STATES)) {
      const last = changes.findLast((one) => one.channel === channel)?.offset ?? 0
      const { publications } = await broker.read(channel, ALL, keep)
      for (const { key = '', offset } of publications) if (offset > last) more.push({ channel, key, offset })
    }
    return more
  })
}

describe('kill -9', () => {
  it('[B1] [B6] [B14] [B15] loses nothing that was acknowledged or heard, at any moment', {
    timeout: 120_000,
  }, async () => {
    const folder = folders.make()
    const all: Stored[] = []
    const changes: Change[] = []
    for (let round = 1; round <= ROUNDS; round++) {
      const lines = 1 + Math.floor(Math.random() * 3_000)
      const { stored, heard, changes: more, counted } = await appendUntilKilled(folder, round, lines)
      const context = `round ${round}, killed after ${lines} lines`
      all.push(...stored)
      changes.push(...more)
      await check({ folder, context, stored, all, heard })
      await checkStates({ folder, context, changes, counted })
      changes.push(...(await unheard(changes, folder)))
    }
    expect(all.length).toBeGreaterThan(ROUNDS)
    expect(changes.length).toBeGreaterThan(ROUNDS)
  })

  it('a process that lives keeps others out, and one that was killed does not', async () => {
    const folder = folders.make()
    const child = spawn(process.execPath, [APPEND, folder, '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = new Promise((resolve) => child.once('exit', resolve))
    await new Promise((resolve) => child.stdout.once('data', resolve))
    child.stdout.resume()
    await expect(using({ folder }, async () => {})).rejects.toThrow(
      `The store in '${folder}' is open in process ${child.pid}: close that, or name another folder`,
    )
    child.kill('SIGKILL')
    await ended
    await using({ folder }, async () => {})
  })
})

describe('a full disk', () => {
  // A limit on the size of files is the nearest thing to a disk of one's own that a test may have.
  it.skipIf(process.platform !== 'linux')('[B1] fails the append, and nothing else', async () => {
    const folder = folders.make()
    const limited = 'trap "" XFSZ; ulimit -f 400; exec "$0" "$@"'
    const run = spawnSync('bash', ['-c', limited, process.execPath, FULL, folder], { encoding: 'utf8' })
    expect(run.status, run.stderr).toBe(0)
    const { failures, stored, head, kept } = JSON.parse(run.stdout.trim().split('\n').at(-1) ?? '')
    expect(failures[0]).toContain(`The store in '${folder}' could not write: File too large`)
    expect([head, kept]).toEqual([stored, stored])
    await using({ folder, clock: systemClock }, async (broker) => {
      const { publications } = await broker.read('a:b', ALL, KEEP_ALL)
      expect(publications.map(({ offset }) => offset)).toEqual(
        Array.from({ length: stored }, (_, n) => n + 1),
      )
      expect((await broker.append('a:b', item('more'), KEEP_ALL)).offset).toBe(stored + 1)
    })
  })
})
