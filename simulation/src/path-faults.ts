import type { Fault } from './connection-faults.js'
import { CALM, type Conditions, type Path } from './path.js'
import type { Person } from './person.js'
import type { World } from './world.js'

/** Somebody whose client may use other transports than WebSockets. */
const somebody = ({ rng, people }: World): Person =>
  rng.pick(people.filter(({ hasAllTransports }) => hasAllTransports))

/** Makes a condition as it should not be, and for a while. */
function worsen({ rng, timeline }: World, path: Path, conditions: Partial<Conditions>): number {
  const ms = rng.int(1000, 40_000)
  Object.assign(path.conditions, conditions)
  const names = Object.keys(conditions) as (keyof Conditions)[]
  timeline.schedule(ms, () => Object.assign(path.conditions, pick(CALM, names)))
  return ms
}

const pick = (from: Conditions, names: readonly (keyof Conditions)[]): Partial<Conditions> =>
  Object.fromEntries(names.map((name) => [name, from[name]]))

const percent = (probability: number): string => `${Math.round(probability * 100)} %`

/** What happens on the way of those who may come by requests, beside all that happens to everybody. */
export const PATH_FAULTS: readonly Fault[] = [
  {
    name: 'another network',
    weight: 6,
    happen: (world) => {
      const { rng } = world
      const person = somebody(world)
      const { path } = person
      path.webSockets = path.webSockets === 'carried' ? rng.pick(['refused', 'silent']) : 'carried'
      // A network that has been left tells nobody; one that has changed its mind cuts, or goes on with what it has.
      const isLeft = rng.chance(0.5)
      const isCut = isLeft || rng.chance(0.7)
      const tellsClient = rng.chance(0.5)
      if (isCut)
        for (const connection of path.connections) connection.cut({ tellsClient, tellsNode: !isLeft })
      if (isLeft) person.platform('online')
      return `${person.name}: WebSockets are ${path.webSockets}${isCut ? '' : ' from now on'}`
    },
  },
  {
    name: 'requests are lost',
    weight: 3,
    happen: (world) => {
      const { name, path } = somebody(world)
      const lost = world.rng.pick([0.05, 0.2, 0.6])
      return `${name}: ${percent(lost)} for ${worsen(world, path, { lost })} ms`
    },
  },
  {
    name: 'answers are lost',
    weight: 3,
    happen: (world) => {
      const { name, path } = somebody(world)
      const unanswered = world.rng.pick([0.05, 0.2, 0.6])
      return `${name}: ${percent(unanswered)} for ${worsen(world, path, { unanswered })} ms`
    },
  },
  {
    name: 'requests are repeated',
    weight: 2,
    happen: (world) => {
      const { name, path } = somebody(world)
      const repeated = world.rng.pick([0.1, 0.5])
      return `${name}: ${percent(repeated)} for ${worsen(world, path, { repeated })} ms`
    },
  },
  {
    name: 'answers break off',
    weight: 3,
    happen: (world) => {
      const { name, path } = somebody(world)
      const truncated = world.rng.pick([0.1, 0.4])
      return `${name}: ${percent(truncated)} for ${worsen(world, path, { truncated })} ms`
    },
  },
  {
    name: 'somebody else answers',
    weight: 1,
    happen: (world) => {
      const { name, path } = somebody(world)
      const foreign = world.rng.pick([0.1, 1])
      return `${name}: ${percent(foreign)} for ${worsen(world, path, { foreign })} ms`
    },
  },
  {
    name: 'a proxy holds answers up',
    weight: 2,
    happen: (world) => {
      const { name, path } = somebody(world)
      return `${name} for ${worsen(world, path, { buffers: true })} ms`
    },
  },
  {
    name: 'a proxy cuts what waits',
    weight: 2,
    happen: (world) => {
      const { name, path } = somebody(world)
      const idle = world.rng.pick([1500, 4000, 8000])
      return `${name} after ${idle} ms, for ${worsen(world, path, { idle })} ms`
    },
  },
  {
    name: 'a request is cut',
    weight: 3,
    happen: (world) => {
      // One alone: others are on connections of their own.
      const { rng } = world
      const { name, path } = somebody(world)
      const { connections } = path
      if (connections.length > 0)
        rng.pick(connections).cut({ tellsClient: rng.chance(0.7), tellsNode: rng.chance(0.5) })
      return name
    },
  },
]
