/** The simulated broker is held to the contract that every broker keeps. */
import { brokerContract } from '@millrace/server/testing'
import { describe, expect, it } from 'vitest'
import { Host } from './host.js'
import { BrokerNetwork, NodeBroker } from './node-broker.js'
import { ripple } from './real-time.js'
import { Rng } from './rng.js'
import { Store } from './store.js'
import { Timeline } from './timeline.js'

/** A world in which time goes on by itself, a little at a time, as long as it is not stopped. */
function running() {
  const timeline = new Timeline()
  const network = new BrokerNetwork({
    ...{ timeline, rng: new Rng(1), store: new Store(() => timeline.now()) },
  })
  let isOver = false
  const going = (async () => {
    for (;;) {
      await ripple()
      if (isOver) return
      if (timeline.isDue || (timeline.next ?? Number.POSITIVE_INFINITY) < timeline.now() + 100)
        timeline.step(timeline.now() + 100)
    }
  })()
  const stop = async () => {
    isOver = true
    await going
  }
  return { timeline, network, stop }
}

describe('the simulated broker', () => {
  brokerContract(
    async () => {
      const { timeline, network, stop } = running()
      const broker = new NodeBroker(network, new Host('node-1', timeline))
      const settle = async () => {
        for (let turn = 0; turn < 100; turn++) await ripple()
      }
      return {
        broker,
        settle,
        advance: async (milliseconds) => {
          await settle()
          timeline.moveTo(timeline.now() + milliseconds)
        },
        close: async () => {
          await broker.close()
          await stop()
        },
      }
    },
    { it: (title, test) => it(title, test), equal: (actual, expected) => expect(actual).toEqual(expected) },
  )

  it('[B7] a store that was wiped has other epochs, no members and another secret', () => {
    const store = new Store(() => 0)
    const keep = { size: 10, ttl: 1000 }
    const data = { codec: 'json', text: '"a"' } as const
    const { appended } = store.append('chat:lobby', { data }, keep)
    const { secret } = store
    store.enter('chat:lobby', { session: 's', since: 0, data }, 'node-1')
    store.wipe()
    const slice = store.read('chat:lobby', { before: 9, limit: 9 }, keep)
    expect([slice.head.offset, slice.publications, store.members('chat:lobby').size]).toEqual([0, [], 0])
    expect(slice.head.epoch).not.toBe(appended.epoch)
    expect(store.secret).not.toBe(secret)
  })
})
