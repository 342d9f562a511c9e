import { brokerContract, FakeClock, settle } from '@millrace/server/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { ALL, brokerOn, Folders, item, KEEP, nobody, started, turnsUntil } from '../test/support.js'

const folders = new Folders()
afterAll(() => folders.remove())

describe('the broker on disk', () => {
  brokerContract(
    async () => {
      const clock = new FakeClock()
      const broker = brokerOn({ folder: folders.make(), clock })
      return { broker, advance: (ms) => clock.advance(ms), settle, close: () => broker.close() }
    },
    { it: (title, test) => it(title, test), equal: (actual, expected) => expect(actual).toEqual(expected) },
  )

  it('[B1] appends that come together share a flush', async () => {
    const broker = await started({ folder: folders.make() })
    const before = broker.stats.flushes
    const many = Array.from({ length: 1_000 }, (_, n) =>
      broker.append(`a:${n % 7}`, item(n, `id-${n}`), KEEP),
    )
    await Promise.all(many)
    expect(broker.stats.flushes - before).toBe(1)
    await broker.close()
  })

  it('[B2] [B3] nobody sees a publication before it is flushed', async () => {
    const folder = folders.make()
    const heard: string[] = []
    let flushes = (): number => 0
    const listener = {
      ...nobody,
      publication: (_channel: string, _epoch: string, { offset }: { readonly offset: number }): void => {
        heard.push(`heard ${offset} after ${flushes()}`)
      },
    }
    const broker = await started({ folder }, listener)
    const begun = broker.stats.flushes
    flushes = () => broker.stats.flushes - begun
    await broker.join('a:b')
    const appended = Promise.resolve(broker.append('a:b', item(1), KEEP)).then(() =>
      heard.push('acknowledged'),
    )
    for (let turn = 0; flushes() === 0; turn++) {
      const { head, publications } = await broker.read('a:b', ALL, KEEP)
      // The flush may end within the read.
      if (flushes() === 0) expect([head.offset, publications, heard]).toEqual([0, [], []])
      if (turn === 0) expect(flushes()).toBe(0)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    await appended
    expect(heard).toEqual(['heard 1 after 1', 'acknowledged'])
    expect((await broker.read('a:b', ALL, KEEP)).head.offset).toBe(1)
    await broker.close()
  })

  it('[B3] [B5] a reader sees what was flushed, whole, while the next transaction trims', async () => {
    const broker = await started({ folder: folders.make() })
    const keep = { size: 200, ttl: 60_000 }
    const appendMany = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 150 }, (_, n) => broker.append('a:b', item(n), keep)))
    for (let round = 0; round < 6; round++) {
      const before = await broker.read('a:b', ALL, keep)
      expect(before.publications.map(({ offset }) => offset)).toEqual(
        Array.from({ length: Math.min(200, round * 150) }, (_, n) => Math.max(0, round * 150 - 200) + n + 1),
      )
      const flushes = broker.stats.flushes
      const appending = appendMany()
      while (broker.stats.flushes === flushes) {
        const during = await broker.read('a:b', ALL, keep)
        if (broker.stats.flushes === flushes) expect(during).toEqual(before)
        await new Promise<void>((resolve) => setImmediate(resolve))
      }
      await appending
    }
    await broker.close()
  })

  it('[B6] an id that comes twice at once is stored once, and both hear where', async () => {
    const broker = await started({ folder: folders.make() })
    const [first, second] = await Promise.all([1, 2].map((n) => broker.append('a:b', item(n, 'x'), KEEP)))
    expect(second).toEqual({ ...first, skipped: 'duplicate' })
    await broker.close()
  })

  it('[B6] an id counts as new after the dedupe window, and leaves the disk', async () => {
    const clock = new FakeClock()
    const broker = await started({ folder: folders.make(), clock, dedupeWindow: 1_000 })
    await broker.append('a:b', item(1, 'x'), KEEP)
    clock.stall(999)
    expect((await broker.append('a:b', item(2, 'x'), KEEP)).skipped).toBe('duplicate')
    clock.stall(1)
    expect(await broker.append('a:b', item(3, 'x'), KEEP)).toMatchObject({ offset: 2 })
    expect((await broker.append('a:b', item(4, 'x'), KEEP)).offset).toBe(2)
    await broker.close()
  })

  it('[B6] a channel remembers a bounded number of ids, the latest', async () => {
    const broker = await started({ folder: folders.make(), dedupeIds: 100 })
    for (let n = 1; n <= 150; n++) await broker.append('a:b', item(n, `id-${n}`), KEEP)
    expect((await broker.append('a:b', item(0, 'id-51'), KEEP)).skipped).toBe('duplicate')
    expect((await broker.append('a:b', item(0, 'id-50'), KEEP)).skipped).toBe(undefined)
    await broker.close()
  })

  it('[B7] a forgotten stream comes back in another epoch', async () => {
    const clock = new FakeClock()
    const broker = await started({ folder: folders.make(), clock, forgetAfter: 20_000, dedupeWindow: 1_000 })
    const keep = { size: 10, ttl: 5_000 }
    const before = await broker.append('a:b', item(1, 'x'), keep)
    await turnsUntil(async () => {
      await clock.advance(5_000)
      const known = { channel: 'a:b', position: { epoch: '', offset: 0 } }
      return (await broker.heads([known]))[0]?.offset === 0
    })
    const { head } = await broker.read('a:b', ALL, keep)
    const after = await broker.append('a:b', item(2, 'x'), keep)
    expect(after).toEqual({ epoch: head.epoch, offset: 1 })
    expect(after.epoch).not.toBe(before.epoch)
    await broker.close()
    expect(clock.pending).toBe(0)
  })

  it('[B7] a joined stream is not forgotten', async () => {
    const clock = new FakeClock()
    const broker = await started({ folder: folders.make(), clock, forgetAfter: 20_000 })
    const keep = { size: 1, ttl: 1_000 }
    await broker.join('a:b')
    await broker.append('a:b', item(1), keep)
    await broker.append('a:other', item(1), keep)
    const known = { channel: 'a:other', position: { epoch: '', offset: 0 } }
    await turnsUntil(async () => {
      await clock.advance(5_000)
      return (await broker.heads([known]))[0]?.offset === 0
    })
    expect((await broker.read('a:b', ALL, keep)).head.offset).toBe(1)
    await broker.close()
  })

  it('[B11] a stream that ends before what is known of it begins anew, empty', async () => {
    const broker = await started({ folder: folders.make() })
    const { epoch } = await broker.append('a:b', item(1, 'x'), KEEP)
    const known = { channel: 'a:b', position: { epoch, offset: 5 } }
    const [late, [head]] = await Promise.all([broker.append('a:b', item(2), KEEP), broker.heads([known])])
    expect(late).toEqual({ epoch, offset: 2 })
    expect(head?.offset).toBe(0)
    expect(head?.epoch).not.toBe(epoch)
    expect((await broker.read('a:b', ALL, KEEP)).publications).toEqual([])
    expect(await broker.append('a:b', item(3, 'x'), KEEP)).toEqual({ epoch: head?.epoch, offset: 1 })
    const position = { epoch: head?.epoch ?? '', offset: 1 }
    expect(await broker.heads([{ channel: 'a:b', position }])).toEqual([position])
    await broker.close()
  })

  it('says what is wrong with a channel name that cannot be a key, and stores what comes beside it', async () => {
    const broker = await started({ folder: folders.make() })
    expect(() => broker.append('', item(1), KEEP)).toThrow('A channel has a name, and this one is empty')
    expect(() => broker.append('ü'.repeat(1_000), item(1), KEEP)).toThrow('has 1900 bytes at most')
    expect((await broker.append('ü'.repeat(255), item(1), KEEP)).offset).toBe(1)
    await broker.close()
  })

  it('says so when it is not started or closed', async () => {
    const folder = folders.make()
    const broker = brokerOn({ folder })
    expect(() => broker.append('a:b', item(1), KEEP)).toThrow(`'${folder}' is closed, or not started yet`)
    await broker.start(nobody)
    const last = broker.append('a:b', item(1), KEEP)
    await broker.close()
    expect((await last).offset).toBe(1)
    await expect(broker.read('a:b', ALL, KEEP)).rejects.toThrow('is closed')
  })
})
