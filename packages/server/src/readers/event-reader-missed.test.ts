import { describe, expect, it } from 'vitest'
import { offsets, range, readersWorld, TestStream } from '../../test/readers-world.js'
import { SharedBroker, settle } from '../testing/index.js'

const large = 'x'.repeat(10_000)

describe('a reader that missed much', () => {
  it('[P9.10] is given it as fast as it takes it, however small the outbox', async () => {
    const w = readersWorld({}, 50_000)
    for (let n = 1; n <= 60; n++) await w.hub.publish('news:a', { n, large })
    const stream = new TestStream()
    stream.isQuick = false
    w.follow('news:a?since=epoch-1:0', {}, stream)
    await w.clock.advance(0)
    const heard: number[] = []
    for (let turn = 0; turn < 60 && !heard.includes(70); turn++) {
      expect(stream.buffered).toBeLessThan(50_000)
      if (turn < 10) await w.hub.publish('news:a', { n: 61 + turn })
      stream.take()
      await w.clock.advance(0)
      heard.push(...offsets(stream))
    }
    expect(heard).toEqual(range(1, 70))
    stream.take()
    await w.clock.advance(0)
    await w.publish('news:a', 1)
    expect([offsets(stream), stream.state]).toEqual([[71], 'open'])
  })

  it('[P9.7] misses nothing that comes while it is given the rest', async () => {
    for (let moment = 0; moment < 60; moment++) {
      const w = readersWorld()
      for (let n = 1; n <= 10; n++) await w.hub.publish('news:a', { n, large })
      const stream = w.follow('news:a?since=epoch-1:0')
      for (let i = 0; i < moment; i++) await Promise.resolve()
      void w.hub.publish('news:a', { n: 11 })
      void w.hub.publish('news:a', { n: 12 })
      for (let i = 0; i < 5; i++) await settle()
      expect([moment, ...offsets(stream)]).toEqual([moment, ...range(1, 12)])
    }
  })

  it('[P9.7] hears nothing twice that it read before the node heard of it', async () => {
    const shared = new SharedBroker(readersWorld().clock)
    const node = shared.node()
    const w = readersWorld({ broker: node, clock: shared.clock })
    for (let n = 1; n <= 10; n++) await w.hub.publish('news:a', { n, large })
    const stream = new TestStream()
    stream.isQuick = false
    w.follow('news:a?since=epoch-1:0', {}, stream)
    await settle()
    await w.publish('news:a', 1)
    node.isDeaf = true
    await w.publish('news:a', 2)
    for (let turn = 0; turn < 9; turn++) {
      stream.take()
      await settle()
    }
    node.isDeaf = false
    await w.publish('news:a', 1)
    await w.clock.advance(6_000)
    expect(offsets(stream)).toEqual(range(1, 14))
  })

  it('[P9.8] is in another epoch than others for a while, when the store was wiped', async () => {
    const shared = new SharedBroker(readersWorld().clock)
    const w = readersWorld({ broker: shared.node(), clock: shared.clock })
    for (let n = 1; n <= 10; n++) await w.hub.publish('news:a', { n, large })
    const slow = new TestStream()
    slow.isQuick = false
    w.follow('news:a?since=epoch-1:0', {}, slow)
    const quick = w.follow('news:a')
    await settle()
    shared.wipe()
    await w.publish('news:a', 2)
    await w.clock.advance(6_000)
    await w.publish('news:a', 1)
    for (let turn = 0; turn < 9; turn++) {
      slow.take()
      await settle()
    }
    for (const stream of [slow, quick]) {
      const ids = stream.events().flatMap(({ id, data }) => (data === undefined ? [] : [id]))
      expect(ids.slice(-4)).toEqual([expect.stringContaining(':'), 'epoch-2:1', 'epoch-2:2', 'epoch-2:3'])
      expect(new Set(ids).size).toBe(ids.length)
    }
  })

  it('[P9.8] is told what was trimmed meanwhile', async () => {
    const w = readersWorld()
    for (let n = 1; n <= 40; n++) await w.hub.publish('news:a', { n, large })
    const stream = new TestStream()
    stream.isQuick = false
    w.follow('news:a?since=epoch-1:0', {}, stream)
    await settle()
    await w.publish('news:a', 1000)
    let gaps = 0
    let last = 0
    for (let turn = 0; turn < 60; turn++) {
      stream.take()
      await settle()
      for (const { event, id = '', data } of stream.events()) {
        if (event === 'gap') {
          gaps++
          last = Number(id.split(':')[1])
        } else if (data !== undefined) expect(Number(id.split(':')[1])).toBe(++last)
      }
    }
    expect([gaps, last]).toEqual([1, 1040])
  })

  it('[P9.9] lives as long as the network takes a piece now and then', async () => {
    const w = readersWorld()
    for (let n = 1; n <= 60; n++) await w.hub.publish('news:a', { n, large })
    const stream = new TestStream()
    stream.isQuick = false
    w.follow('news:a?since=epoch-1:0', {}, stream)
    const heard: number[] = []
    for (let turn = 0; turn < 40 && !heard.includes(60); turn++) {
      await w.clock.advance(4_000)
      stream.take(1)
      heard.push(...offsets(stream))
    }
    expect([heard, stream.state]).toEqual([range(1, 60), 'open'])
  })

  it('[H2.3] needs no more than leave to subscribe', async () => {
    const w = readersWorld()
    w.hub.policy.authorize('news:{topic}', ({ action }) => action === 'subscribe')
    for (let n = 1; n <= 60; n++) await w.hub.publish('news:a', { n, large })
    const stream = w.follow('news:a?since=epoch-1:0')
    for (let turn = 0; turn < 20; turn++) await w.clock.advance(1)
    expect(offsets(stream)).toEqual(range(1, 60))
  })
})
