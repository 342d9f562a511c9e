import type { Command } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../testing/index.js'
import { CommandOrder } from './command-order.js'

/** Commands of one session that end when the test says so. */
function world({ pendingCommands = 4, subscriptions = 3 } = {}) {
  const log: string[] = []
  const ends = new Map<number, () => void>()
  const state = { isFull: false, isPaused: false }
  const later: (() => void)[] = []
  const order: CommandOrder = new CommandOrder({
    limits: { pendingCommands, subscriptions },
    link: {
      pause: () => {
        state.isPaused = true
      },
      resume: () => {
        state.isPaused = false
      },
    },
    isFull: () => state.isFull,
    execute: ({ id, kind }) => {
      log.push(`${id} begins`)
      const end = new Promise<void>((resolve) => ends.set(id, resolve))
      const run = () => {
        log.push(`${id} reads`)
        return end
      }
      const weight = kind === 'presence' ? 16 : 1
      const reading = ['history', 'presence', 'subscribe'].includes(kind)
      // What a subscription brings is known only then.
      const weighs = () => (kind === 'subscribe' ? 16 : 1)
      return (reading ? order.read(run, { weight, weighs }) : end).then(() => void log.push(`${id} ends`))
    },
    refuse: ({ id }) => log.push(`${id} is refused`),
    idle: () => log.push('idle'),
    turns: { later: (run) => later.push(run), soon: (run) => later.push(run) },
  })
  const take = (id: number, channel: string, kind = 'publish') =>
    order.take({ id, kind, body: { channel } } as unknown as Command)
  const end = async (id: number) => {
    ends.get(id)?.()
    await settle()
  }
  /** The event loop turns. */
  const turn = async () => {
    for (const run of later.splice(0)) run()
    await settle()
  }
  return { order, state, take, end, turn, log: () => log.splice(0) }
}

describe('the commands of a session', () => {
  it('[H9.4] that bring much are read one after the other, each answered in a turn of its own', async () => {
    const { take, end, turn, log } = world({ pendingCommands: 100 })
    for (const id of [1, 2, 3]) take(id, `a:${id}`, 'presence')
    take(4, 'a:4', 'history')
    expect(log()).toEqual(['1 begins', '1 reads', '2 begins', '3 begins', '4 begins'])
    await end(1)
    expect(log()).toEqual([])
    await turn()
    expect(log()).toEqual(['1 ends'])
    await turn()
    expect(log()).toEqual(['2 reads'])
    for (const id of [2, 3]) {
      await end(id)
      await turn()
      await turn()
    }
    await end(4)
    expect(log()).toEqual(['2 ends', '3 reads', '3 ends', '4 reads', '4 ends', 'idle'])
  })

  it('[H9.4] that turn out to bring much are followed by a turn of others before more is read', async () => {
    const { take, end, turn, log } = world({ pendingCommands: 100 })
    for (const id of [1, 2]) take(id, `a:${id}`, 'subscribe')
    expect(log()).toEqual(['1 begins', '1 reads', '2 begins', '2 reads'])
    await end(1)
    take(3, 'a:3', 'subscribe')
    await end(2)
    expect(log()).toEqual(['3 begins'])
    await turn()
    expect(log()).toEqual(['1 ends', '2 ends'])
    await turn()
    expect(log()).toEqual(['3 reads'])
    await end(3)
    await turn()
    expect(log()).toEqual(['3 ends', 'idle'])
  })

  it('[P5.1] are carried out one after the other on a channel, and beside each other on two', async () => {
    const { take, end, log } = world()
    take(1, 'a:1')
    take(2, 'a:1')
    take(3, 'a:2')
    expect(log()).toEqual(['1 begins', '3 begins'])
    await end(3)
    await end(1)
    expect(log()).toEqual(['3 ends', '1 ends', '2 begins'])
    await end(2)
    expect(log()).toEqual(['2 ends', 'idle'])
  })

  it('[H9.4] read nothing while the client has so much to read already, and then a few at a time', async () => {
    const { order, state, take, end, log } = world({ pendingCommands: 100 })
    state.isFull = true
    for (let id = 1; id <= 20; id++) take(id, `a:${id}`, 'history')
    take(21, 'a:x')
    await settle()
    expect(log().filter((line) => line.endsWith('reads'))).toEqual([])
    await end(21)
    expect(log()).toEqual(['21 ends'])
    state.isFull = false
    order.proceed()
    await settle()
    expect(log()).toHaveLength(16)
    await end(3)
    expect(log()).toEqual(['17 reads', '3 ends'])
    state.isFull = true
    await end(4)
    expect(log()).toEqual(['4 ends'])
  })

  it('[H9.4] [H1.4] do not keep the client from being heard while they wait for it to read', async () => {
    const { order, state, take, end, log } = world({ pendingCommands: 4, subscriptions: 3 })
    for (let id = 1; id <= 4; id++) take(id, `a:${id}`, 'history')
    expect(state.isPaused).toBe(true)
    state.isFull = true
    take(5, 'a:5', 'history')
    expect(state.isPaused).toBe(false)
    for (const id of [6, 7]) take(id, 'a:5')
    expect(log().filter((line) => line.endsWith('refused'))).toEqual([])
    take(8, 'a:6')
    expect(log()).toEqual(['8 is refused'])
    expect(state.isPaused).toBe(false)
    state.isFull = false
    order.proceed()
    for (let id = 1; id <= 7; id++) await end(id)
    expect(log().slice(-3)).toEqual(['7 begins', '7 ends', 'idle'])
  })

  it('[H9.4] that wait for the client to read do not keep it from being heard', async () => {
    const { order, state, take, end } = world({ pendingCommands: 4, subscriptions: 3 })
    for (let id = 1; id <= 4; id++) take(id, 'a:1')
    expect(state.isPaused).toBe(true)
    let read = (): void => {}
    const waiting = order.whileItReads(new Promise<void>((resolve) => (read = resolve)))
    expect(state.isPaused).toBe(false)
    take(5, 'a:1')
    expect(state.isPaused).toBe(false)
    read()
    await waiting
    take(6, 'a:1')
    expect(state.isPaused).toBe(true)
    for (let id = 1; id <= 6; id++) await end(id)
    expect(state.isPaused).toBe(false)
  })

  it('[H9.4] wait no longer for one that failed', async () => {
    const { order } = world()
    const reads = Array.from({ length: 17 }, (_, n) =>
      order.read(() => (n === 0 ? Promise.reject(new Error('away')) : Promise.resolve(n))),
    )
    const settled = await Promise.allSettled(reads)
    expect(settled.map(({ status }) => status).filter((status) => status === 'rejected')).toHaveLength(1)
    await expect(order.read(() => Promise.resolve(1))).resolves.toBe(1)
  })
})
