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

/** Whether that process of this machine still runs. A process of that id which started at another time is not that one. */
export function stillRuns({ pid, started }: ProcessIdentity): boolean {
  if (!exists(pid)) return false
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

/** The boot, and in clock ticks since then the start: field 22 of proc_pid_stat(5). */
function startOnLinux(pid: number): string | undefined {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses, and may hold spaces and parentheses.
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return ticks === undefined ? undefined : `${boot}:${ticks}`
}
