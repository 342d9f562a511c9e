import type { Outcome } from './run.js'

/** What happened in many worlds, in numbers that can be added. */
export interface Tally {
  readonly seeds: number
  readonly published: number
  readonly acknowledged: number
  /** Publications handed to readers, and how many of those were recovered. */
  readonly delivered: number
  readonly recovered: number
  readonly gaps: number
  /** Connections by another transport than the one before. */
  readonly switches: number
  /** Virtual seconds. */
  readonly seconds: number
  readonly steps: number
}

export const NOTHING: Tally = {
  seeds: 0,
  published: 0,
  acknowledged: 0,
  delivered: 0,
  recovered: 0,
  gaps: 0,
  switches: 0,
  seconds: 0,
  steps: 0,
}

export function tallyOf({ world }: Outcome): Tally {
  const readers = world.people.flatMap((person) => [...person.retired, ...person.readers.values()])
  const heard = readers.flatMap((reader) => reader.heard)
  const attempts = world.people.flatMap((person) => person.attempts)
  return {
    seeds: 1,
    published: attempts.length,
    acknowledged: attempts.filter(({ position }) => position !== undefined).length,
    delivered: heard.filter((one) => 'key' in one).length,
    recovered: heard.filter((one) => 'key' in one && one.recovered).length,
    gaps: heard.filter((one) => 'gap' in one).length,
    switches: world.people.reduce((sum, { transports }) => sum + switchesIn(transports), 0),
    seconds: Math.round(world.timeline.elapsed / 1000),
    steps: world.timeline.steps,
  }
}

const switchesIn = (transports: readonly string[]): number =>
  transports.filter((name, index) => index > 0 && name !== transports[index - 1]).length

export function add(a: Tally, b: Tally): Tally {
  const names = Object.keys(NOTHING) as (keyof Tally)[]
  return Object.fromEntries(names.map((name) => [name, a[name] + b[name]])) as unknown as Tally
}

export const describe = ({
  published,
  acknowledged,
  delivered,
  recovered,
  gaps,
  switches,
  seconds,
}: Tally): string =>
  `${published} published, ${acknowledged} acknowledged, ${delivered} delivered (${recovered} from history), ${gaps} gaps, ${switches} changes of transport, in ${Math.round(seconds / 3600)} h of their time`
