/** What other programs took of the machine while something was measured. */
import { readFileSync } from 'node:fs'
import { parseBusy } from '../harness/proc.js'
import { now } from './clock.js'
import type { World } from './world.js'

type Processes = Pick<World, 'cpu'>

/** Seconds of CPU time that neither the world nor this process took, since the machine started. */
function others(world: Processes): number {
  const own = process.cpuUsage()
  const { server, proxy, clients } = world.cpu()
  const busy = parseBusy(readFileSync('/proc/stat', 'latin1'))
  return busy - (own.user + own.system) / 1e6 - server - proxy - clients
}

/** Begins to watch; the function it returns gives the share of one core that others took since then. */
export function watchOthers(world: Processes): () => number {
  const before = others(world)
  const from = now()
  return () => Math.max(0, others(world) - before) / ((now() - from) / 1000)
}
