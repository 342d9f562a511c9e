import type { Gap, Position } from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { settle } from '../testing/index.js'
import type { StoredPublication, StreamSlice } from './broker-ports.js'
import { Feed, type FeedHost, type Live } from './feed.js'

const publication = (offset: number, prev?: number, time = offset): StoredPublication => ({
  offset,
  prev,
  time,
  data: { codec: 'json', text: String(offset) },
})
const live = (offset: number, epoch = 'a', prev?: number): Live => ({
  epoch,
  publication: publication(offset, prev),
})

/** A stream to read, told what it holds, and what a feed makes of it. */
class Fixture implements FeedHost {
  readonly isState: boolean = false
  readonly feed = new Feed(this)
  /** Offsets delivered, and gaps. */
  readonly told: (string | Gap)[] = []
  head: Position = { epoch: 'a', offset: 0 }
  kept: number[] = []
  floor: StreamSlice['floor']
  reads = 0
  readonly renewed: Position[] = []
  readonly failures: unknown[] = []
  retries: (() => void)[] = []
  /** Runs when the stream is read, before the answer. */
  onRead = (): void => {}

  deliver({ epoch, publication: { offset } }: Live): void {
    this.told.push(`${epoch}${offset}`)
  }
  gap(gap: Gap): void {
    this.told.push(gap)
  }
  async read(since: Position): Promise<StreamSlice> {
    this.reads++
    const isHere = since.epoch === this.head.epoch && since.offset <= this.head.offset
    const after = isHere ? since.offset : 0
    const publications = this.kept.filter((offset) => offset > after).map((offset) => publication(offset))
    const slice = { head: this.head, floor: this.floor, publications, more: false }
    this.onRead()
    return slice
  }
  async renew(known: Position): Promise<void> {
    this.renewed.push(known)
    this.stream('b', [])
  }
  retry(error: unknown, again: () => void): void {
    this.failures.push(error)
    this.retries.push(again)
  }
  stream(epoch: string, kept: number[], head = kept.at(-1) ?? 0): void {
    this.head = { epoch, offset: head }
    this.kept = kept
  }
  receive(...all: Live[]): void {
    for (const one of all) this.feed.receive(one)
  }
}

function anchored(offset: number): Fixture {
  const fixture = new Fixture()
  fixture.feed.anchor({ epoch: 'a', offset })
  return fixture
}

describe('[H4.5] a feed', () => {
  it('passes on what is in order, and drops what comes late or twice', async () => {
    const f = anchored(2)
    f.receive(live(1), live(2), live(3), live(3), live(4), live(2))
    await settle()
    expect([f.told, f.reads]).toEqual([['a3', 'a4'], 0])
  })

  it('takes a hole in the offsets for none where the publication says what it follows', () => {
    const f = anchored(2)
    f.receive(live(7, 'a', 2), live(9, 'a', 7))
    expect(f.told).toEqual(['a7', 'a9'])
  })

  it('reads what is missing, and goes on with what came meanwhile', async () => {
    const f = anchored(2)
    f.stream('a', [1, 2, 3, 4, 5])
    f.receive(live(5))
    f.receive(live(6))
    f.stream('a', [1, 2, 3, 4, 5, 6])
    await settle()
    f.receive(live(7))
    expect([f.told, f.reads]).toEqual([['a3', 'a4', 'a5', 'a6', 'a7'], 1])
  })

  it('reads again where what came meanwhile is not all', async () => {
    const f = anchored(2)
    f.stream('a', [3, 4])
    f.onRead = () => {
      f.onRead = () => {}
      f.stream('a', [3, 4, 5, 6])
      f.receive(live(6))
    }
    f.receive(live(4))
    await settle()
    expect([f.told, f.reads]).toEqual([['a3', 'a4', 'a5', 'a6'], 2])
  })

  it('tells one gap for what the stream has trimmed, and delivers what it still has', async () => {
    const f = anchored(2)
    f.stream('a', [6, 7])
    f.floor = { offset: 5, reason: 'history-trimmed' }
    f.receive(live(7))
    await settle()
    const gap = { from: { epoch: 'a', offset: 2 }, to: { epoch: 'a', offset: 5 }, reason: 'history-trimmed' }
    expect(f.told).toEqual([gap, 'a6', 'a7'])
  })

  it('keeps what it got itself of a stream that keeps nothing', async () => {
    const f = anchored(2)
    f.stream('a', [], 5)
    f.floor = { offset: 5, reason: 'history-trimmed' }
    f.receive(live(4), live(5))
    f.stream('a', [], 6)
    f.floor = { offset: 6, reason: 'history-trimmed' }
    await settle()
    f.receive(live(6))
    const gap = { from: { epoch: 'a', offset: 2 }, to: { epoch: 'a', offset: 3 }, reason: 'history-trimmed' }
    expect([f.told[0], f.told.at(-1)]).toEqual([gap, 'a6'])
  })

  it('follows a stream into another epoch, and drops what still comes of the old one', async () => {
    const f = anchored(2)
    f.stream('b', [1, 2])
    f.receive(live(2, 'b'))
    await settle()
    f.receive(live(3), live(3, 'b'))
    f.stream('b', [1, 2, 3])
    await settle()
    const gap = { from: { epoch: 'a', offset: 2 }, to: { epoch: 'b', offset: 0 }, reason: 'epoch-changed' }
    expect(f.told).toEqual([gap, 'b1', 'b2', 'b3'])
  })

  it('has a stream that ends before what it delivered begin anew', async () => {
    const f = anchored(5)
    f.stream('a', [1, 2, 3])
    f.receive(live(8))
    await settle()
    const gap = { from: { epoch: 'a', offset: 5 }, to: { epoch: 'b', offset: 0 }, reason: 'epoch-changed' }
    expect([f.renewed, f.told]).toEqual([[{ epoch: 'a', offset: 5 }], [gap]])
  })

  it('has a stream begin anew that was set back and went on, by what is stored later under an offset it has seen', async () => {
    const f = anchored(2)
    f.receive(live(3), live(4))
    // Set back to 2, and two others stored since.
    f.stream('a', [1, 2, 3, 4])
    f.read = async () => ({
      head: f.head,
      floor: undefined,
      publications: f.head.epoch === 'a' ? [publication(4, undefined, 90)] : [],
      more: false,
    })
    f.receive({ epoch: 'a', publication: publication(3, undefined, 80) })
    await settle()
    const gap = { from: { epoch: 'a', offset: 4 }, to: { epoch: 'b', offset: 0 }, reason: 'epoch-changed' }
    expect([f.renewed, f.told]).toEqual([[{ epoch: 'a', offset: 4 }], ['a3', 'a4', gap]])
  })

  it('leaves a stream alone whose clock was set: what it delivered last is still there', async () => {
    const f = anchored(2)
    f.receive(live(3), live(4))
    f.stream('a', [3, 4])
    f.receive({ epoch: 'a', publication: publication(3, undefined, 80) })
    await settle()
    f.receive(live(5))
    expect([f.renewed, f.told]).toEqual([[], ['a3', 'a4', 'a5']])
  })

  it('says so where the stream has lost what came before what it sent', async () => {
    const f = anchored(2)
    f.stream('a', [1, 2, 5])
    f.receive(live(5))
    await settle()
    const gap = { from: { epoch: 'a', offset: 2 }, to: { epoch: 'a', offset: 4 }, reason: 'broker-lost' }
    expect(f.told).toEqual([gap, 'a5'])
  })

  it('tries again when the stream cannot be read', async () => {
    const f = anchored(2)
    f.stream('a', [3, 4])
    f.onRead = () => {
      throw new Error('away')
    }
    f.receive(live(4))
    await settle()
    expect([f.told, f.failures]).toEqual([[], [new Error('away')]])
    f.onRead = () => {}
    for (const again of f.retries) again()
    await settle()
    expect(f.told).toEqual(['a3', 'a4'])
  })

  it('holds a bounded number while it reads, and reads the rest', async () => {
    const f = anchored(0)
    const offsets = Array.from({ length: 2500 }, (_, index) => index + 1)
    f.stream('a', offsets.slice(0, 2))
    f.receive(live(2))
    for (const offset of offsets.slice(2)) f.receive(live(offset))
    f.stream('a', offsets)
    await settle()
    expect(f.told).toEqual(offsets.map((offset) => `a${offset}`))
  })

  it('is silent once it is closed', async () => {
    const f = anchored(2)
    f.stream('a', [3, 4])
    f.receive(live(4))
    f.feed.close()
    await settle()
    expect(f.told).toEqual([])
  })
})

describe('[H4.1] who reads the stream by itself', () => {
  it('must have come as far as the feed began', () => {
    const anchoredAt3 = anchored(3)
    expect([2, 3, 9].map((offset) => anchoredAt3.feed.continues({ epoch: 'a', offset }))).toEqual([
      false,
      true,
      true,
    ])
    expect(anchoredAt3.feed.continues({ epoch: 'b', offset: 0 })).toBe(true)
    const begun = new Fixture()
    begun.receive(live(5))
    expect([3, 4].map((offset) => begun.feed.continues({ epoch: 'a', offset }))).toEqual([false, true])
  })
})

describe('[H4.6] a feed that is told where the stream stands', () => {
  it('reads what it has not heard of', async () => {
    const f = anchored(2)
    f.stream('a', [1, 2, 3])
    f.feed.verify({ epoch: 'a', offset: 3 })
    await settle()
    expect(f.told).toEqual(['a3'])
  })

  it('does nothing when it is as far, or further', async () => {
    const f = anchored(2)
    f.feed.verify({ epoch: 'a', offset: 2 })
    f.feed.verify({ epoch: 'a', offset: 1 })
    await settle()
    expect(f.reads).toBe(0)
  })
})
