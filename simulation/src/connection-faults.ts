import type { Connection, Direction } from '@millrace/testing/parts'
import type { Path } from './path.js'
import type { Person } from './person.js'
import type { World } from './world.js'

/** One thing that goes wrong, and how likely that is beside the others. Each says what it did, for the trace. */
export interface Fault {
  readonly name: string
  readonly weight: number
  happen(world: World): string
}

export const somebody = (world: World) => world.rng.pick(world.people)

/** Breaks all the connections of somebody, those of requests too. */
export function cut({ path }: Person, who: Parameters<Connection['cut']>[0]): void {
  for (const connection of path.connections) connection.cut(who)
}

/** What clients say on these connections arrives when they have given them up. */
function delay({ rng, timeline }: World, connections: readonly Connection[]): void {
  for (const { toNode } of connections) toNode.hold()
  timeline.schedule(rng.int(100, 3000), () => {
    for (const { client, toClient } of connections) {
      toClient.lose()
      client.run(() => toClient.over(1006, ''))
    }
    timeline.schedule(rng.int(0, 2000), () => {
      for (const { toNode } of connections) toNode.heal()
    })
  })
}

const directionsOf = ({ connections }: Path): Direction[] =>
  connections.flatMap(({ toClient, toNode }) => [toClient, toNode])

/** What happens to the connections of somebody. */
export const CONNECTION_FAULTS: readonly Fault[] = [
  {
    name: 'cut',
    weight: 6,
    happen: (world) => {
      const person = somebody(world)
      cut(person, { tellsClient: true, tellsNode: true })
      return person.name
    },
  },
  {
    name: 'cuts in a row',
    weight: 3,
    happen: (world) => {
      const person = somebody(world)
      const times = world.rng.int(2, 5)
      for (let i = 0; i < times; i++) {
        world.timeline.schedule(world.rng.int(0, 900) * (i + 1), () =>
          cut(person, { tellsClient: true, tellsNode: world.rng.chance(0.7) }),
        )
      }
      return `${person.name} ${times} times`
    },
  },
  {
    name: 'stale connection',
    weight: 3,
    happen: (world) => {
      // The client knows, the node does not: its end lives on until a heartbeat is missed.
      const person = somebody(world)
      cut(person, { tellsClient: true, tellsNode: false })
      return person.name
    },
  },
  {
    name: 'black hole',
    weight: 4,
    happen: (world) => {
      const { name, path } = somebody(world)
      const directions = directionsOf(path)
      const ms = world.rng.int(500, 30_000)
      const heals = world.rng.chance(0.5)
      for (const direction of directions)
        if (heals) direction.hold()
        else direction.lose()
      path.isCutOff = true
      world.timeline.schedule(ms, () => {
        path.isCutOff = false
        if (heals) for (const direction of directions) direction.heal()
      })
      return `${name} for ${ms} ms${heals ? ', then everything arrives' : ''}`
    },
  },
  {
    name: 'a connection that was given up comes back',
    weight: 3,
    happen: (world) => {
      // What its node says on it then is of another time: streams have ended since.
      const { name, path } = somebody(world)
      const directions = directionsOf(path)
      const ms = world.rng.int(16_000, 30_000)
      for (const direction of directions) direction.hold()
      for (let wipes = world.rng.int(0, 3); wipes > 0; wipes--) {
        const channel = world.rng.pick(world.channels)
        world.timeline.schedule(world.rng.int(0, ms), () => world.brokers.store.renew(channel))
      }
      world.timeline.schedule(ms, () => {
        for (const direction of directions) direction.heal()
      })
      return `${name} after ${ms} ms`
    },
  },
  {
    name: 'half-open',
    weight: 3,
    happen: (world) => {
      const { name, path } = somebody(world)
      const isToClient = world.rng.chance(0.5)
      for (const connection of path.connections) connection[isToClient ? 'toClient' : 'toNode'].lose()
      return `${name}: what goes to the ${isToClient ? 'client' : 'node'} is lost`
    },
  },
  {
    name: 'late frames of an old connection',
    weight: 3,
    happen: (world) => {
      // What the client sent arrives at the node after its next connection's.
      const { name, path } = somebody(world)
      delay(world, path.connections)
      return name
    },
  },
  {
    name: 'late first words of an old connection',
    weight: 2,
    happen: (world) => {
      // With them it asks for the session, which another has by then.
      const person = somebody(world)
      person.path.next = (connection) => delay(world, [connection])
      cut(person, { tellsClient: true, tellsNode: true })
      return person.name
    },
  },
  {
    name: 'slow reader',
    weight: 2,
    happen: (world) => {
      const { name, path } = somebody(world)
      const { connections } = path
      for (const { toClient } of connections) toClient.hold()
      world.timeline.schedule(world.rng.int(200, 12_000), () => {
        for (const { toClient } of connections) toClient.heal()
      })
      return name
    },
  },
  {
    name: 'thin link',
    weight: 3,
    happen: (world) => {
      const { name, path } = somebody(world)
      const rate = world.rng.pick([1, 4, 20])
      const { connections } = path
      path.rate = rate
      for (const { toClient } of connections) toClient.rate = rate
      world.timeline.schedule(world.rng.int(3000, 40_000), () => {
        path.rate = Number.POSITIVE_INFINITY
        for (const { toClient } of [...connections, ...path.connections])
          toClient.rate = Number.POSITIVE_INFINITY
      })
      return `${name} with ${rate * 8} kbit/s`
    },
  },
]
