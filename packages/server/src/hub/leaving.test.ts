import { json } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { MemoryBroker } from '../broker/index.js'
import { FakeClock, TEST_LIMITS, TestClient, testHub } from '../testing/index.js'
import { Leaving } from './leaving.js'
import { newSubscription, type Subscription } from './subscription.js'

function world() {
  const turns: (() => void)[] = []
  const clock = {
    schedule(_: number, task: () => void) {
      turns.push(task)
      return () => {}
    },
  }
  const turn = (): void => {
    for (const task of turns.splice(0)) task()
  }
  const left: string[] = []
  const topics = { leave: ({ channel }: Subscription) => void left.push(channel) }
  const watched: string[] = []
  const watch = { left: ({ channel }: Subscription) => void watched.push(channel) }
  return { turn, leaving: new Leaving({ clock, topics, watch }), left, watched }
}

const subscriptions = (name: string, count: number): Subscription[] =>
  Array.from({ length: count }, (_, n) => newSubscription(`${name}${n}`, {} as never))

describe('[H1.5] subscriptions of sessions that are gone', () => {
  it('end at once where they are few, and some in each turn where they are many, in order', () => {
    const { turn, leaving, left, watched } = world()
    const [a, b, c, d] = [
      subscriptions('a', 10),
      subscriptions('b', 0),
      subscriptions('c', 1_200),
      subscriptions('d', 30),
    ]
    const all = [a, b, c, d]
    leaving.add(a)
    expect(left).toHaveLength(10)
    for (const one of [b, c, d]) leaving.add(one)
    const counts = [left.length]
    while (left.length < 1_240 && counts.length < 10) {
      turn()
      counts.push(left.length)
    }
    expect(counts).toEqual([500, 1_000, 1_240])
    expect(left).toEqual(all.flat().map(({ channel }) => channel))
    expect(watched).toEqual(left)
    turn()
    leaving.add(subscriptions('e', 500))
    expect(left).toHaveLength(1_740)
  })

  it('end while its client is back already, and has some anew', async () => {
    const clock = new FakeClock()
    const broker = new MemoryBroker({ clock, epoch: 'epoch-1' })
    const left: string[] = []
    broker.leave = async (channel) => void left.push(channel)
    const { hub } = testHub({ clock, broker, limits: { ...TEST_LIMITS, subscriptions: 2_000 } })
    const turns = async (count: number): Promise<void> => {
      for (let n = 0; n < count; n++) await clock.advance(0)
    }
    const first = new TestClient(hub)
    await first.connect()
    const channels = Array.from({ length: 1_500 }, (_, n) => `chat:${n}`)
    for (const channel of channels) first.say('subscribe', { channel })
    await turns(200)
    expect(first.of('subscribed')).toHaveLength(1_500)
    first.session.closed(1006)
    const second = new TestClient(hub)
    await second.connect()
    await second.ask('subscribe', { channel: 'chat:1499' })
    for (const [n, wait] of [5, 0, 0].entries()) {
      await second.ask('publish', { channel: 'chat:1499', data: json(n) })
      await turns(wait)
    }
    expect(second.of('publication').map(({ offset }) => offset)).toEqual([1, 2, 3])
    await clock.advance(5_000)
    expect(left.sort()).toEqual(channels.slice(0, -1).sort())
  })
})
