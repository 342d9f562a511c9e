import { json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle, TestClient, testHub } from '../testing/index.js'
import { FanOutTurns } from './fan-out-turns.js'
import type { Hub } from './hub.js'

const text = (size: number) => ({ codec: 'json' as const, text: 'x'.repeat(size) })

function world() {
  const scheduled: (() => void)[] = []
  const turns = new FanOutTurns({
    schedule: (_, task) => {
      scheduled.push(task)
      return () => {}
    },
  })
  const went: number[] = []
  let taken = 0
  const take = (count: number, readers: number, size: number): void => {
    for (let n = 0; n < count; n++) {
      const number = ++taken
      const wait = turns.take(readers, text(size))
      if (wait === undefined) went.push(number)
      else void wait.then(() => went.push(number))
    }
  }
  /** How many went since, in order. */
  const count = async (): Promise<number> => {
    await settle()
    expect(went).toEqual(went.toSorted((a, b) => a - b))
    return went.splice(0).length
  }
  const turn = async (): Promise<number> => {
    for (const task of scheduled.splice(0)) task()
    return count()
  }
  return { take, count, turn, scheduled }
}

describe('[H11.8] what goes to many', () => {
  it('goes in portions of four megabytes, one a turn, in the order in which it came', async () => {
    const { take, count, turn, scheduled } = world()
    take(120, 1000, 100)
    // 164 kB each, with what is around it.
    expect([await count(), await turn(), await turn()]).toEqual([26, 26, 26])
    expect([await turn(), await turn(), await turn()]).toEqual([26, 16, 0])
    expect(scheduled).toEqual([])
  })

  it('begins another one each turn, so that what comes a few at a time never waits', async () => {
    const { take, count, turn } = world()
    for (let n = 0; n < 10; n++) {
      take(20, 1000, 100)
      expect([await count(), await turn()]).toEqual([20, 0])
    }
  })

  it('goes sixteen at a time where these are no more than eight times as much, and one at a time where one is', async () => {
    const small = world()
    small.take(20, 10_000, 100)
    expect([await small.count(), await small.turn()]).toEqual([16, 4])
    const large = world()
    large.take(10, 10_000, 4096)
    expect([await large.count(), await large.turn(), await large.turn()]).toEqual([1, 1, 1])
    const between = world()
    between.take(10, 1000, 10_000)
    expect([await between.count(), await between.turn()]).toEqual([4, 4])
  })

  it('waits behind nothing where it goes to few', async () => {
    const { take, count } = world()
    take(60, 1000, 100)
    expect(await count()).toBe(26)
    take(1000, 63, 65_536)
    expect(await count()).toBe(1000)
  })
})

/** One who is told much and looks at none of it. */
class Crowd extends TestClient {
  override send(): void {}
}

async function crowd(hub: Hub, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const one = new Crowd(hub)
    one.say('connect', { version: 1 })
    await settle()
    one.say('subscribe', { channel: 'chat:square' })
    await settle()
  }
}

describe('[H11.8] a hub with a channel that many read', () => {
  it('lets others have their turn, loses nothing of it, and keeps its order', async () => {
    const { hub, clock } = testHub()
    await crowd(hub, 63)
    const [reader, loud, other] = [new TestClient(hub), new TestClient(hub), new TestClient(hub)]
    for (const client of [reader, loud, other]) await client.connect()
    await reader.ask('subscribe', { channel: 'chat:square' })
    const data = json('x'.repeat(40_000))
    for (let n = 0; n < 40; n++) loud.say('publish', { channel: 'chat:square', data })
    const heard = (): number[] => reader.of('publication').map(({ offset }) => offset)
    expect(heard()).toHaveLength(14)
    expect((await other.ask('publish', { channel: 'chat:corner', data })).kind).toBe('published')
    expect(heard()).toHaveLength(14)
    await clock.advance(0)
    expect(heard()).toEqual(Array.from({ length: 40 }, (_, n) => n + 1))
    expect(loud.of('published')).toHaveLength(40)
  })

  it('does not read more of who says it than may be under way', async () => {
    const { hub, clock } = testHub()
    await crowd(hub, 64)
    const loud = new TestClient(hub)
    await loud.connect()
    const data = json('x'.repeat(60_000))
    for (let n = 0; n < 300; n++) loud.say('publish', { channel: 'chat:square', data })
    expect(loud.paused).toBe(true)
    await clock.advance(0)
    expect(loud.paused).toBe(false)
    expect(loud.of('published')).toHaveLength(300)
  })
})
