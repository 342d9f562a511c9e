import { CONNECTION_FAULTS, cut, type Fault, somebody } from './connection-faults.js'

/** Everything that happens to real systems, and that a promise must survive. */
export const FAULTS: readonly Fault[] = [
  ...CONNECTION_FAULTS,
  {
    name: 'sleep',
    weight: 3,
    happen: (world) => {
      const person = somebody(world)
      const ms = world.rng.int(1000, 60_000)
      person.host.stand(ms)
      world.timeline.schedule(ms, () => person.platform('wake'))
      return `${person.name} for ${ms} ms`
    },
  },
  {
    name: 'throttled timers',
    weight: 2,
    happen: (world) => {
      const person = somebody(world)
      const { host } = person
      host.throttle = world.rng.pick([1000, 10_000, 60_000])
      world.timeline.schedule(world.rng.int(5000, 60_000), () => {
        host.throttle = 0
        person.platform('wake')
      })
      return `${person.name} to ${host.throttle} ms`
    },
  },
  {
    name: 'network says it is gone',
    weight: 2,
    happen: (world) => {
      const person = somebody(world)
      const isTrue = world.rng.chance(0.5)
      person.platform('offline')
      person.path.isCutOff = isTrue
      if (isTrue) cut(person, { tellsClient: false, tellsNode: false })
      world.timeline.schedule(world.rng.int(200, 20_000), () => {
        person.path.isCutOff = false
        person.platform('online')
      })
      return `${person.name}${isTrue ? '' : ', which is not so'}`
    },
  },
  {
    name: 'reload',
    weight: 2,
    happen: (world) => {
      const person = somebody(world)
      const isKept = world.rng.chance(0.7)
      const saysSo = world.rng.chance(0.5)
      person.reload(isKept, saysSo)
      return `${person.name}${isKept ? ' with its positions' : ''}${saysSo ? ', and takes its leave' : ''}`
    },
  },
  {
    name: 'crash',
    weight: 3,
    happen: (world) => {
      const place = world.rng.int(0, world.nodes.length - 1)
      const isMachineGone = world.rng.chance(0.3)
      const ms = world.rng.int(100, 15_000)
      world.nodes[place]?.crash(isMachineGone)
      world.timeline.schedule(ms, () => {
        if (world.nodes[place]?.host.isDead) world.restart(place)
      })
      return `node ${place} for ${ms} ms${isMachineGone ? ', with its machine' : ''}`
    },
  },
  {
    name: 'blocked loop',
    weight: 2,
    happen: (world) => {
      const node = world.rng.pick(world.nodes)
      const ms = world.rng.int(200, 18_000)
      node.host.stand(ms)
      return `${node.host.name} for ${ms} ms`
    },
  },
  {
    name: 'lossy live feed',
    weight: 4,
    happen: ({ brokers, rng, timeline }) => {
      brokers.loss = rng.pick([0.05, 0.3, 1])
      const { loss } = brokers
      timeline.schedule(rng.int(500, 8000), () => {
        brokers.loss = 0
      })
      return `${loss * 100} %`
    },
  },
  {
    name: 'broker away',
    weight: 2,
    happen: ({ brokers, rng, timeline }) => {
      brokers.isDown = true
      timeline.schedule(rng.int(300, 9000), () => brokers.restore())
      return ''
    },
  },
  {
    name: 'history trimmed',
    weight: 2,
    happen: ({ brokers, rng, channels }) => {
      const channel = rng.pick(channels)
      const reason = rng.pick(['history-trimmed', 'history-expired'] as const)
      brokers.store.trim(channel, rng.int(0, 5), reason)
      return `${channel}, ${reason}`
    },
  },
  {
    name: 'stream wiped',
    weight: 2,
    happen: ({ brokers, rng, channels }) => {
      const channel = rng.pick(channels)
      brokers.store.renew(channel)
      return channel
    },
  },
  {
    name: 'stream rolled back',
    weight: 1,
    happen: ({ brokers, rng, channels, timeline }) => {
      // A store that restores a backup drops its connections with it.
      const channel = rng.pick(channels)
      const count = rng.int(1, 10)
      brokers.isDown = true
      brokers.store.rollBack(channel, count)
      timeline.schedule(rng.int(10, 3000), () => brokers.restore())
      return `${channel} by ${count}`
    },
  },
]
