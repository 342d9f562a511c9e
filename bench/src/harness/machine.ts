/** What the figures depend on besides the code: cores, limits, versions. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, release, totalmem } from 'node:os'
import { UsageError } from '../cli/arguments.js'
import { parseCores, parseOpenFiles } from './proc.js'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memory: string
  readonly kernel: string
  readonly node: string
  readonly date: string
  readonly commit: string
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    kernel: release(),
    node: process.version,
    date: new Date().toISOString().slice(0, 10),
    commit: commit(),
  }
}

/** Where and when, in one sentence without its end. */
export const machineText = ({ date, commit, cpu, cores, memory, kernel, node }: Machine): string =>
  `${date}, commit ${commit}, ${cpu}, ${cores} cores, ${memory}, Linux ${kernel}, Node ${node}`

function commit(): string {
  try {
    const run = (args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const dirty = run(['status', '--porcelain', '--untracked-files=no']) === '' ? '' : ' with changes'
    return `${run(['rev-parse', '--short', 'HEAD']).trim()}${dirty}`
  } catch {
    return 'unknown'
  }
}

/** Prefixes of commands that keep server and load generator on a core each. */
export interface Pinning {
  readonly server: readonly string[]
  readonly generator: readonly string[]
  readonly note: string
}

/** Server on one core, generator on another, where `taskset` and two cores are to be had. */
export function pinning(wanted: boolean): Pinning {
  const none = (note: string): Pinning => ({ server: [], generator: [], note })
  if (!wanted) return none('not pinned, as asked')
  const [first, second] = parseCores(readFileSync('/proc/self/status', 'latin1'))
  if (first === undefined || second === undefined) return none('not pinned: there is only one core')
  if (spawnSync('taskset', ['--version']).status !== 0) return none('not pinned: taskset is not installed')
  return {
    server: ['taskset', '-c', String(second)],
    generator: ['taskset', '-c', String(first)],
    note: `server pinned to core ${second}, load generator to core ${first}`,
  }
}

/** Throws a UsageError elsewhere. */
export function requireLinux(): void {
  if (process.platform !== 'linux')
    throw new UsageError('The benchmark reads CPU and memory from /proc: it needs Linux')
}

/** Files a process needs besides its connections. */
const SPARE_FILES = 200

/** How many connections one process can hold: server and generator use a descriptor each per connection. */
export const connectionLimit = (): number =>
  parseOpenFiles(readFileSync('/proc/self/limits', 'latin1')) - SPARE_FILES
