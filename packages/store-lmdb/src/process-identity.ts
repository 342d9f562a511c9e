/** Tells a process from another one that has its id later. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'

export interface ProcessIdentity {
  readonly host: string
  readonly pid: number
  /** When it started, in the platform's own words; undefined where the platform does not say. */
  readonly started?: string | undefined
}

export const ownIdentity = (): ProcessIdentity => ({
  host: hostname(),
  pid: process.pid,
  started: startOf(process.pid),
})

/**
 * Whether that process of this machine still runs. A process of that id which started at another time is not that one, and one that is dead and of which only its parent has
 * not heard yet has let go of everything.
 */
export function stillRuns({ pid, started }: ProcessIdentity): boolean {
  if (!exists(pid) || isDead(pid)) return false
  const current = startOf(pid)
  return started === undefined || current === undefined || started === current
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // It is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function startOf(pid: number): string | undefined {
  try {
    if (process.platform === 'linux') return startOnLinux(pid)
    if (process.platform === 'win32') return undefined
    const text = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { env: { LC_ALL: 'C', TZ: 'UTC' } })
    return text.toString().trim() || undefined
  } catch {
    return undefined
  }
}

/** Killed, but not waited for: in a container whose first process waits for nobody such ones stay for ever. */
function isDead(pid: number): boolean {
  if (process.platform !== 'linux') return false
  try {
    // The third field of proc_pid_stat(5): a zombie, or dead.
    return /^[ZX]/.test(statOnLinux(pid)[0] ?? '')
  } catch {
    return false
  }
}

/** What proc_pid_stat(5) says of it, from the third field on: the second is the program's name in parentheses, and may hold spaces and parentheses. */
function statOnLinux(pid: number): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** The boot, and in clock ticks since then the start: field 22. */
function startOnLinux(pid: number): string | undefined {
  const ticks = statOnLinux(pid)[19]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return ticks === undefined ? undefined : `${boot}:${ticks}`
}
