/** What other programs took of the machine while something was measured. */
import { readFileSync } from 'node:fs'
import { parseBusy } from '../harness/proc.js'
import { now } from './clock.js'

/** A process whose CPU time, in seconds since it started, is no disturbance. */
interface Own {
  cpu(): number
}

/** Seconds of CPU time that neither these nor this process took, since the machine started. */
function others(processes: readonly Own[]): number {
  const own = process.cpuUsage()
  const busy = parseBusy(readFileSync('/proc/stat', 'latin1'))
  return busy - (own.user + own.system) / 1e6 - processes.reduce((sum, one) => sum + one.cpu(), 0)
}

/** Begins to watch; the function it returns gives the share of one core that others took since then. */
export function watchOthers(processes: readonly Own[]): () => number {
  const before = others(processes)
  const from = now()
  return () => Math.max(0, others(processes) - before) / ((now() - from) / 1000)
}
