import { MillraceError } from '@millrace/protocol'
import { describe, expect, it, vi } from 'vitest'
import { FakeClock, SharedBroker, settle } from '../../testing/index.js'
import { CommandLog } from './command-log.js'
import type { Fact } from './facts.js'
import { QueueState } from './queue-state.js'

const CHANNEL = '@commands:u'
const asked = (id: string, order: number): Fact => ({
  fact: 'asked',
  command: {
    ...{
      id,
      method: 'm',
      key: undefined,
      order,
      asked: 0,
      expires: 1e15,
      timeout: 1,
      by: undefined,
      tries: 0,
    },
    data: { codec: 'json', text: '1' },
    taken: undefined,
  },
})
const next = (id: string) => (state: QueueState) => (state.find(id) ? [] : [asked(id, state.lastOrder + 1)])

function logs(keeping = { size: 100, ttl: 60_000 }) {
  const clock = new FakeClock()
  const shared = new SharedBroker(clock)
  const warn = vi.fn()
  const logger = { debug: () => {}, info: () => {}, warn, error: warn }
  const open = async (upkeep: (state: QueueState) => readonly Fact[] = () => []) => {
    const broker = shared.node()
    const state = new QueueState({ kept: keeping.size, outcomes: 1e6 })
    const lost = vi.fn()
    const told: string[] = []
    const log: CommandLog = new CommandLog({
      channel: CHANNEL,
      ...{ keeping, streams: broker, clock, logger, state, lost },
      upkeep: () => upkeep(state),
      changed: (facts) => told.push(...facts.map(({ fact }) => fact)),
    })
    await broker.start({
      publication: (_channel, epoch, publication) => log.receive({ epoch, publication }),
      ephemeral: () => {},
      presence: () => {},
      interrupted: () => {},
    })
    await settle()
    return { log, broker, state, lost, told, ids: () => state.waiting.map(({ id }) => id) }
  }
  return { clock, shared, warn, open }
}

describe('[H5.8] a log of commands', () => {
  it('is read from its beginning, and followed', async () => {
    const { open } = logs()
    const one = await open()
    await one.log.write(next('a'))
    const two = await open()
    expect(two.ids()).toEqual(['a'])
    await one.log.write(next('b'))
    expect([two.ids(), two.told]).toEqual([['a', 'b'], ['asked']])
  })

  it('writes what many want at once as one publication, and what nobody has anything to say for not at all', async () => {
    const { shared, open } = logs()
    const { log } = await open()
    await Promise.all(['a', 'b', 'c'].map((id) => log.write(() => [asked(id, 1)])))
    await log.write(() => [])
    const { head } = await shared.memory.read(CHANNEL, { before: 99, limit: 99 }, { size: 100, ttl: 60_000 })
    expect(head.offset).toBeLessThanOrEqual(2)
  })

  it('tells a writer that refuses, and writes for the others', async () => {
    const { open } = logs()
    const { log, ids } = await open()
    const refused = log.write(() => {
      throw new MillraceError('limit-exceeded')
    })
    await Promise.all([
      expect(refused).rejects.toMatchObject({ kind: 'limit-exceeded' }),
      log.write(next('a')),
    ])
    expect(ids()).toEqual(['a'])
  })

  it('decides anew when another node was quicker', async () => {
    const { open } = logs()
    const [one, two] = [await open(), await open()]
    two.broker.isDeaf = true
    await one.log.write(next('a'))
    const seen: string[][] = []
    const written = two.log.write((state) => {
      seen.push(state.waiting.map(({ id }) => id))
      return next('a')(state)
    })
    await settle()
    await written
    expect(seen).toEqual([[], ['a']])
    expect([one.ids(), two.ids()]).toEqual([['a'], ['a']])
  })

  it('decides anew when it hears of that before the broker says so', async () => {
    const { clock, shared, warn, open } = logs()
    const [one, two] = [await open(), await open()]
    await one.log.write(next('a'))
    const append = two.broker.append.bind(two.broker)
    two.broker.append = async (...args) => {
      await one.log.write(next('b'))
      await settle()
      return append(...args)
    }
    const written = two.log.write(next('c'))
    await clock.advance(5000)
    await written
    expect([one.ids(), two.ids()]).toEqual([
      ['a', 'b', 'c'],
      ['a', 'b', 'c'],
    ])
    expect([two.lost.mock.calls, warn.mock.calls]).toEqual([[], []])
    expect(
      (await shared.memory.heads([{ channel: CHANNEL, position: { epoch: '', offset: 0 } }]))[0]?.epoch,
    ).toBe('epoch-1')
  })

  it('of many nodes that write at once is what one would have written', async () => {
    const { clock, open } = logs()
    const all = await Promise.all([open(), open(), open()])
    const limit = 10
    const writings = Array.from({ length: 60 }, (_, index) =>
      all[index % 3]?.log.write((state, along) => {
        const count = state.size + along.filter(({ fact }) => fact === 'asked').length
        if (count >= limit) throw new MillraceError('limit-exceeded')
        return [asked(`k-${index}`, state.lastOrder + along.length + 1)]
      }),
    )
    const ends = Promise.allSettled(writings)
    await clock.advance(5000)
    const good = (await ends).filter(({ status }) => status === 'fulfilled')
    expect(good).toHaveLength(limit)
    for (const { ids } of all) expect(ids()).toEqual(all[0]?.ids())
    expect(all[0]?.ids()).toHaveLength(limit)
  })

  it('goes on where all that was written has expired', async () => {
    const { clock, warn, open } = logs()
    const one = await open()
    await one.log.write(next('a'))
    await clock.advance(120_000)
    const two = await open()
    expect(two.ids()).toEqual([])
    await two.log.write(next('b'))
    expect(two.ids()).toEqual(['b'])
    expect(warn).not.toHaveBeenCalled()
  })

  it('begins anew where the broker has a version that nobody can have written', async () => {
    const { clock, shared, open } = logs()
    const one = await open()
    await one.log.write(next('a'))
    // As after a backup of which only a part was restored.
    shared.memory.append(CHANNEL, { version: 1000, data: { codec: 'json', text: '{}' } }, { size: 0, ttl: 1 })
    await clock.advance(1000)
    const heads = vi.spyOn(one.broker, 'heads').mockImplementationOnce(async () => {
      shared.wipe()
      return one.broker.heads([{ channel: CHANNEL, position: { epoch: '', offset: 0 } }])
    })
    const written = one.log.write(next('b'))
    await clock.advance(5000)
    await written
    expect(heads).toHaveBeenCalled()
    expect([one.ids(), one.lost.mock.calls.length]).toEqual([['b'], 1])
  })

  it('is told when its past is gone, and what it wanted to write then is written', async () => {
    const { clock, shared, open } = logs()
    const one = await open()
    await one.log.write(next('a'))
    shared.wipe()
    const written = one.log.write(next('b'))
    await clock.advance(2000)
    await written
    expect(one.ids()).toEqual(['b'])
    expect(one.lost).toHaveBeenCalledTimes(1)
  })

  it('keeps trying to be read, and tells a writer what the broker fails with', async () => {
    const { clock, shared, open } = logs()
    const one = await open()
    await one.log.write(next('a'))
    one.broker.isAway = true
    await expect(one.log.write(next('b'))).rejects.toMatchObject({ kind: 'unavailable' })
    one.broker.isAway = false
    const broker = shared.node()
    broker.isAway = true
    const state = new QueueState({ kept: 100, outcomes: 1e6 })
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
    const keeping = { size: 100, ttl: 60_000 }
    const parts = { channel: CHANNEL, keeping, streams: broker, clock, logger, state }
    const log = new CommandLog({ ...parts, upkeep: () => [], changed: () => {}, lost: () => {} })
    await clock.advance(1400)
    broker.isAway = false
    const read = log.read()
    await clock.advance(600)
    await read
    expect(state.waiting.map(({ id }) => id)).toEqual(['a'])
    log.close()
  })

  it('that is closed tells who still wants to write', async () => {
    const { open } = logs()
    const one = await open()
    const early = one.log.write(next('a'))
    const late = one.log.write(next('b'))
    one.log.close()
    await Promise.allSettled([early, late])
    const after = one.log.write(next('c'))
    await expect(after).rejects.toMatchObject({ kind: 'unavailable' })
  })
})
