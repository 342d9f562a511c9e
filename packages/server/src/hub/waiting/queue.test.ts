import { describe, expect, it } from 'vitest'
import { FakeClock, SequenceRandom, SharedBroker, settle } from '../../testing/index.js'
import { ClientCalls } from '../calls.js'
import { Directory } from '../directory.js'
import { type NewCommand, Queue } from './queue.js'

const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const ask = (id: string): NewCommand => ({
  id,
  method: 'm',
  data: { codec: 'json', text: '1' },
  key: undefined,
  timeout: 1000,
  by: undefined,
  ttl: 1_000_000,
  most: 3,
})

describe('[H5.6] a queue whose stream keeps little', () => {
  it('keeps what waits, however much is asked and over meanwhile, also for who reads it late', async () => {
    const clock = new FakeClock()
    const shared = new SharedBroker(clock)
    const open = async (node: string) => {
      const broker = shared.node()
      const queue = new Queue({
        ...{ user: 'u', node, channel: '@commands:u', streams: broker, clock, logger },
        keeping: { size: 20, ttl: 10_000_000 },
        directory: new Directory(),
        calls: new ClientCalls(clock, new SequenceRandom()),
        patience: 15_000,
        nodes: async () => [node],
        idle: () => {},
      })
      await broker.start({
        publication: (_channel, epoch, publication) => queue.log.receive({ epoch, publication }),
        ephemeral: () => {},
        presence: () => {},
        interrupted: () => {},
      })
      await settle()
      return queue
    }
    const one = await open('a')
    for (const id of ['first', 'second']) await one.ask(ask(id))
    for (let count = 0; count < 100; count++) {
      await one.ask(ask(`k-${count}`))
      expect(await one.cancel(`k-${count}`)).toBe(true)
    }
    const two = await open('b')
    expect((await two.list()).map(({ id }) => id)).toEqual(['first', 'second'])
    await two.ask(ask('third'))
    expect((await one.list()).map(({ id, order }) => [id, order])).toEqual([
      ['first', 1],
      ['second', 2],
      ['third', 103],
    ])
    // What is over is known as long as the stream tells of it.
    const known = await one.ask(ask('k-99'))
    await expect(known.answer).rejects.toMatchObject({ kind: 'aborted' })
    const slice = await shared.memory.read('@commands:u', { before: 1e9, limit: 99 }, { size: 20, ttl: 1e9 })
    expect(slice.publications.length).toBeLessThanOrEqual(20)
  })
})
