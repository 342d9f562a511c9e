import { type Gap, type MessageBodies, MillraceError, type Position } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { position, publication, subscribedAt } from '../../test/world.js'
import { Stream } from './stream.js'

type History = MessageBodies['history']

/** A stream that stands at offset 10, what it hands on, and the reads it asks for. */
function standing(at = 10, limit = 5) {
  const told: unknown[] = []
  const reads: {
    since: Position
    answer: (answer: Partial<History>) => void
    fail: (e: MillraceError) => void
  }[] = []
  const events = { restarts: 0 }
  const stream = new Stream(limit, {
    publication: ({ offset }, recovered) => told.push(recovered ? `${offset}r` : offset),
    gap: ({ from, to, reason }: Gap) =>
      told.push(`gap ${from?.epoch}${from?.offset}-${to.epoch}${to.offset} ${reason}`),
    snapshot: () => told.push('snapshot'),
    read: (since, done) =>
      reads.push({
        since,
        answer: (answer) =>
          done(undefined, { channel: 'chat:lobby', position: position(0), publications: [], ...answer }),
        fail: (error) => done(error),
      }),
    restart: () => {
      events.restarts++
      stream.cut()
    },
  })
  stream.joined(subscribedAt(at))
  return { told, reads, stream, events }
}

const offsets = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => publication(from + i))

describe('a stream that was just subscribed', () => {
  it('stands at the head, and hands on what comes next [P5.2] [P6.3]', () => {
    const { stream, told } = standing()
    expect(stream.position).toEqual(position(10))
    stream.receive(publication(11))
    stream.receive(publication(12))
    expect(told).toEqual([11, 12])
    expect(stream.position).toEqual(position(12))
  })

  it('hands on the history it asked for, though more came before it [P5.4]', () => {
    const { stream, told, reads } = standing(0)
    stream.position = undefined
    stream.joined(subscribedAt(10, { publications: offsets(9, 10) }))
    expect(told).toEqual(['9r', '10r'])
    expect(stream.position).toEqual(position(10))
    expect(reads).toEqual([])
  })

  it('stands at the head of a channel whose history is gone', () => {
    const { stream, told } = standing(0)
    stream.position = undefined
    stream.joined(subscribedAt(7, { publications: [] }))
    stream.receive(publication(8))
    expect(told).toEqual([8])
  })
})

describe('a stream that is recovered', () => {
  it('goes on from its position when everything is there [P5.3]', () => {
    const { stream, told, reads } = standing()
    stream.joined(subscribedAt(13, { recovered: true, publications: offsets(11, 13) }))
    expect(told).toEqual(['11r', '12r', '13r'])
    expect(stream.position).toEqual(position(13))
    expect(reads).toEqual([])
  })

  it('takes the head for told when the last publications are not for this session [P5.7]', () => {
    const { stream, told, reads } = standing()
    stream.joined(subscribedAt(13, { recovered: true, publications: offsets(11, 11) }))
    expect(stream.position).toEqual(position(13))
    stream.receive(publication(14, { prev: 11 }))
    expect(told).toEqual(['11r', 14])
    expect(reads).toEqual([])
  })

  it('drops what it has already when an answer overlaps [P6.2]', () => {
    const { stream, told } = standing()
    stream.joined(subscribedAt(12, { recovered: true, publications: offsets(9, 12) }))
    expect(told).toEqual(['11r', '12r'])
  })

  it('tells the gap first and then what is left, once [P5.3]', () => {
    const { stream, told } = standing()
    const gap = { from: position(10), to: position(15), reason: 'history-trimmed' } as const
    stream.joined(subscribedAt(17, { recovered: false, gap, publications: offsets(16, 17) }))
    expect(told).toEqual(['gap e110-e115 history-trimmed', '16r', '17r'])
    expect(stream.position).toEqual(position(17))
  })

  it('tells a lost past as a gap to the new epoch [P6.1]', () => {
    const { stream, told } = standing()
    const gap = { from: position(10), to: position(0, 'e2'), reason: 'epoch-changed' } as const
    stream.joined({
      ...subscribedAt(0),
      position: position(2, 'e2'),
      recovered: false,
      gap,
      publications: offsets(1, 2),
    })
    expect(told).toEqual(['gap e110-e20 epoch-changed', '1r', '2r'])
    stream.receive(publication(3))
    expect(stream.position).toEqual(position(3, 'e2'))
  })

  it('does not believe "recovered" when the chain says otherwise: what lies between is lost, and said to be', () => {
    const { stream, told, reads } = standing()
    stream.joined(subscribedAt(13, { recovered: true, publications: [publication(11), publication(13)] }))
    expect(told).toEqual(['11r', 'gap e111-e112 broker-lost', '13r'])
    expect(stream.position).toEqual(position(13))
    expect(reads).toEqual([])
  })

  it('does not believe "recovered" in another epoch', () => {
    const { stream, told } = standing()
    stream.joined({ ...subscribedAt(0), position: position(4, 'e2'), recovered: true })
    expect(told).toEqual(['gap e110-e24 epoch-changed'])
    expect(stream.position).toEqual(position(4, 'e2'))
  })

  it('asks history when the server subscribed without a position to recover from [P5.13]', () => {
    const { stream, told, reads } = standing()
    stream.joined(subscribedAt(12))
    expect(reads.map(({ since }) => since)).toEqual([position(10)])
    stream.receive(publication(13))
    reads[0]?.answer({ position: position(13), publications: offsets(11, 13) })
    expect(told).toEqual(['11r', '12r', '13r'])
  })

  it('asks nothing when the server subscribed where the stream stands already', () => {
    const { stream, reads } = standing()
    stream.joined(subscribedAt(10))
    expect(reads).toEqual([])
  })
})

describe('a live stream', () => {
  it('drops repeats [P6.2]', () => {
    const { stream, told } = standing()
    for (const offset of [11, 11, 10, 12, 3, 12]) stream.receive(publication(offset))
    expect(told).toEqual([11, 12])
  })

  it('goes by prev where the sequence has holes of its own [P6.2]', () => {
    const { stream, told, reads } = standing()
    stream.receive(publication(15, { prev: 10 }))
    stream.receive(publication(40, { prev: 15 }))
    expect(told).toEqual([15, 40])
    expect(reads).toEqual([])
  })

  it('closes a hole from history while what comes after waits [P6.4]', () => {
    const { stream, told, reads } = standing()
    stream.receive(publication(13))
    stream.receive(publication(14))
    expect(told).toEqual([])
    expect(reads.map(({ since }) => since)).toEqual([position(10)])
    reads[0]?.answer({ position: position(13), publications: offsets(11, 13) })
    expect(told).toEqual(['11r', '12r', '13r', 14])
    stream.receive(publication(15))
    expect(told.at(-1)).toBe(15)
  })

  it('reads on where one answer is not all [P6.4]', () => {
    const { stream, told, reads } = standing()
    stream.receive(publication(15))
    reads[0]?.answer({ position: position(15), publications: offsets(11, 12), more: true })
    expect(reads[1]?.since).toEqual(position(12))
    reads[1]?.answer({ position: position(15), publications: offsets(13, 15) })
    expect(told).toEqual(['11r', '12r', '13r', '14r', '15r'])
  })

  it('closes every hole among what waited, one after the other', () => {
    const { stream, told, reads } = standing()
    for (const offset of [12, 15]) stream.receive(publication(offset))
    reads[0]?.answer({ position: position(12), publications: offsets(11, 12) })
    expect(told).toEqual(['11r', '12r'])
    expect(reads[1]?.since).toEqual(position(12))
    reads[1]?.answer({ position: position(15), publications: offsets(13, 15) })
    expect(told).toEqual(['11r', '12r', '13r', '14r', '15r'])
  })

  it('hands on the gap that history names, once, and then what waited [P6.4]', () => {
    const { stream, told, reads } = standing()
    stream.receive(publication(15))
    const gap = { from: position(10), to: position(13), reason: 'history-expired' } as const
    reads[0]?.answer({ position: position(15), gap, publications: offsets(14, 15) })
    stream.receive({ to: position(13), from: position(10), reason: 'slow-consumer' })
    expect(told).toEqual(['gap e110-e113 history-expired', '14r', '15r'])
  })

  it('goes on after a gap the server pushes [P6.5]', () => {
    const { stream, told } = standing()
    stream.receive(publication(11))
    stream.receive({ from: position(11), to: position(20), reason: 'slow-consumer' })
    stream.receive(publication(21))
    expect(told).toEqual([11, 'gap e111-e120 slow-consumer', 21])
    expect(stream.position).toEqual(position(21))
  })

  it('tells of a gap only what it has not: from its own position, and not what lies behind it', () => {
    const { stream, told } = standing()
    stream.receive({ from: position(4), to: position(12), reason: 'slow-consumer' })
    stream.receive({ from: position(4), to: position(12), reason: 'slow-consumer' })
    expect(told).toEqual(['gap e110-e112 slow-consumer'])
  })

  it('finds the hole before a gap, which may still be had [P6.4]', () => {
    const { stream, told, reads } = standing()
    stream.receive({ from: position(12), to: position(20), reason: 'slow-consumer' })
    expect(told).toEqual([])
    reads[0]?.answer({ position: position(12), publications: offsets(11, 12) })
    expect(told).toEqual(['11r', '12r', 'gap e112-e120 slow-consumer'])
  })

  it('goes on in a new epoch that a gap announces [P6.1]', () => {
    const { stream, told } = standing()
    stream.receive({ from: position(10), to: position(0, 'e2'), reason: 'epoch-changed' })
    stream.receive(publication(1))
    expect(told).toEqual(['gap e110-e20 epoch-changed', 1])
    expect(stream.position).toEqual(position(1, 'e2'))
  })

  it('asks for the rest where the server sent a part, and holds back what comes meanwhile [P5.15]', () => {
    const { stream, told, reads } = standing()
    stream.cut()
    const body = { channel: 'chat:lobby', position: position(14), recovered: true, more: true }
    stream.joined({ ...body, publications: offsets(11, 12) })
    stream.receive(publication(15))
    expect(told).toEqual(['11r', '12r'])
    reads[0]?.answer({ position: position(15), publications: offsets(13, 13), more: true })
    reads[1]?.answer({ position: position(15), publications: offsets(14, 14), more: true })
    expect(told).toEqual(['11r', '12r', '13r', '14r', 15])
  })

  it('goes back to the end of a stream that ends before it, and loses nothing that comes then', () => {
    const { stream, told } = standing()
    stream.cut()
    const gap = { from: position(10), to: position(7), reason: 'unknown-position' } as const
    stream.joined({ channel: 'chat:lobby', position: position(7), recovered: false, gap })
    stream.receive(publication(8))
    expect(told).toEqual(['gap e110-e17 unknown-position', 8])
  })

  it('subscribes anew when history says that the epoch is over: what waited cannot be placed', () => {
    const { stream, told, reads, events } = standing()
    stream.receive(publication(13))
    const gap = { from: position(10), to: position(0, 'e2'), reason: 'epoch-changed' } as const
    reads[0]?.answer({ position: position(2, 'e2'), gap, publications: offsets(1, 2) })
    expect(told).toEqual(['gap e110-e20 epoch-changed', '1r', '2r'])
    expect(events.restarts).toBe(1)
    expect(stream.position).toEqual(position(2, 'e2'))
  })

  it('subscribes anew when more waits than may be held: recovery brings it', () => {
    const { stream, told, reads, events } = standing(10, 3)
    for (const offset of [13, 14, 15]) stream.receive(publication(offset))
    expect(events.restarts).toBe(0)
    stream.receive(publication(16))
    expect(events.restarts).toBe(1)
    reads[0]?.answer({ position: position(16), publications: offsets(11, 16) })
    expect(told).toEqual([])
    expect(stream.position).toEqual(position(10))
  })

  it.each([
    ['lags behind', { position: position(11), publications: [publication(11)] }],
    ['has a hole of its own', { position: position(14), publications: [publication(12), publication(14)] }],
    ['has more but gives nothing', { position: position(14), more: true }],
  ])('subscribes anew when history %s: the server has to say what is lost', (_, answer) => {
    const { stream, reads, events } = standing()
    stream.receive(publication(14))
    reads[0]?.answer(answer)
    expect(events.restarts).toBe(1)
    expect(reads).toHaveLength(1)
  })

  it('subscribes anew when history cannot be read', () => {
    const { stream, told, reads, events } = standing()
    stream.receive(publication(13))
    reads[0]?.fail(new MillraceError('not-available'))
    expect(events.restarts).toBe(1)
    expect(told).toEqual([])
    expect(stream.position).toEqual(position(10))
  })
})

describe('a stream that is cut', () => {
  it('drops what it held and keeps its position', () => {
    const { stream, told, reads } = standing()
    stream.receive(publication(13))
    stream.cut()
    reads[0]?.answer({ position: position(13), publications: offsets(11, 13) })
    expect(told).toEqual([])
    expect(stream.position).toEqual(position(10))
    stream.joined(subscribedAt(13, { recovered: true, publications: offsets(11, 13) }))
    expect(told).toEqual(['11r', '12r', '13r'])
  })

  it('stops when a listener ends it in the middle of an answer', () => {
    const told: number[] = []
    const stream = new Stream(5, {
      publication: ({ offset }) => {
        told.push(offset)
        if (offset === 2) stream.cut()
      },
      gap: () => {},
      snapshot: () => {},
      read: () => {},
      restart: () => {},
    })
    stream.joined(subscribedAt(3, { publications: offsets(1, 3) }))
    expect(told).toEqual([1, 2])
    expect(stream.position).toEqual(position(2))
  })

  it('is deaf to what fails then', () => {
    const { stream, reads, events } = standing()
    stream.receive(publication(13))
    stream.cut()
    reads[0]?.fail(new MillraceError('connection-lost'))
    expect(events.restarts).toBe(0)
  })
})
