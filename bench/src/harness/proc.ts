/** Reads Linux's /proc: the one meter that treats every runtime alike. */
import { readFileSync } from 'node:fs'

/** Seconds of CPU time of a process, all its threads together. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

/** USER_HZ, in which /proc/<pid>/stat counts; 100 on every Linux that Node runs on (proc(5)). */
const TICKS_PER_SECOND = 100

/** utime and stime of /proc/<pid>/stat. The name of the command stands in parentheses and may hold spaces and parentheses. */
export function parseStat(text: string): CpuTime {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // Fields are numbered from 1 in proc(5); the first after the command is number 3.
  const user = Number(fields[14 - 3])
  const system = Number(fields[15 - 3])
  if (!Number.isInteger(user) || !Number.isInteger(system))
    throw new Error('/proc/<pid>/stat is not readable')
  return { user: user / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND }
}

/** Seconds for which the machine's cores were busy since it started, all together, from /proc/stat. */
export function parseBusy(text: string): number {
  const [, user, nice, system, , , interrupts, softInterrupts] = (/^cpu .*$/m.exec(text)?.[0] ?? '').split(
    / +/,
  )
  const ticks = [user, nice, system, interrupts, softInterrupts].reduce((sum, one) => sum + Number(one), 0)
  if (!Number.isInteger(ticks)) throw new Error('/proc/stat has no line on all cores')
  return ticks / TICKS_PER_SECOND
}

/** Resident memory in bytes, from /proc/<pid>/status. */
export function parseResident(text: string): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1]
  if (kilobytes === undefined) throw new Error('/proc/<pid>/status has no VmRSS')
  return Number(kilobytes) * 1024
}

/** The most resident memory there was, in bytes, from /proc/<pid>/status: since the start, or since clear_refs was written to. */
export function parsePeak(text: string): number {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(text)?.[1]
  if (kilobytes === undefined) throw new Error('/proc/<pid>/status has no VmHWM')
  return Number(kilobytes) * 1024
}

/** The cores a process may use, from /proc/<pid>/status: `0-1,4` is 0, 1 and 4. */
export function parseCores(text: string): number[] {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(text)?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    if (first === undefined || last === undefined || !Number.isInteger(first)) return []
    return Array.from({ length: last - first + 1 }, (_, i) => first + i)
  })
}

/** The hard limit on open files, from /proc/<pid>/limits; runtimes raise their soft limit to it by themselves. */
export function parseOpenFiles(text: string): number {
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(text)?.[1]
  if (hard === undefined) throw new Error('/proc/<pid>/limits has no line on open files')
  return hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
}

/** Seconds of CPU time that a process took since it started, all its threads together. */
export function cpuOf(pid: number): number {
  const { user, system } = parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return user + system
}
