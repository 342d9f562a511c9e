/** What one measured window yields, and how CPU time is read at its two edges. */
import { readFileSync } from 'node:fs'
import { type CpuTime, parseBusy, parseStat } from '../harness/proc.js'
import type { Quantiles } from './histogram.js'

/** One measured window. CPU times are seconds spent within it. */
export interface Figures {
  readonly seconds: number
  /** Messages delivered, or connections made. */
  readonly count: number
  readonly server: CpuTime
  readonly generator: CpuTime
  /** CPU seconds of everything else on the machine: what disturbed the measurement. */
  readonly others: number
  readonly latency: Quantiles
}

/** A scenario that runs until stopped and counts as it goes. */
export interface Load {
  start(): void
  count(): number
  /** Forgets latencies recorded so far. */
  clearLatency(): void
  latency(): Quantiles
  /** Asks for nothing new; resolves when nothing is in flight. */
  stop(): Promise<void>
}

export interface Window {
  readonly warmup: number
  readonly seconds: number
}

/**
 * Runs a load through its warm-up and its window. Count, clock, the server's CPU time and the generator's own are read in one
 * go at both edges, in this process, so that they belong to the same moment.
 */
export async function measure(load: Load, window: Window, serverPid: number): Promise<Figures> {
  load.start()
  await pause(window.warmup)
  load.clearLatency()
  const before = edge(load, serverPid)
  await pause(window.seconds)
  const after = edge(load, serverPid)
  const latency = load.latency()
  await load.stop()
  if (after.count === before.count)
    throw new Error('Nothing arrived within the window: it is too short for this case')
  const server = minus(after.server, before.server)
  const generator = minus(after.generator, before.generator)
  return {
    seconds: after.at - before.at,
    count: after.count - before.count,
    server,
    generator,
    others: Math.max(0, after.busy - before.busy - total(server) - total(generator)),
    latency,
  }
}

const pause = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1000))

function edge(load: Load, serverPid: number) {
  const own = process.cpuUsage()
  return {
    at: performance.now() / 1000,
    count: load.count(),
    server: parseStat(readFileSync(`/proc/${serverPid}/stat`, 'latin1')),
    generator: { user: own.user / 1e6, system: own.system / 1e6 },
    busy: parseBusy(readFileSync('/proc/stat', 'latin1')),
  }
}

const total = ({ user, system }: CpuTime): number => user + system

const minus = (after: CpuTime, before: CpuTime): CpuTime => ({
  user: after.user - before.user,
  system: after.system - before.system,
})
