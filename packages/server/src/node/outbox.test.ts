import { EventEmitter } from 'node:events'
import type { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { encodeFrame } from '../websocket/index.js'
import { type LinkOptions, type LinkSettings, resolveLinkSettings } from './link-settings.js'
import { Outbox } from './outbox.js'
import { shareFrame } from './shared-frame.js'
import { SocketLink } from './socket.js'
import type { LinkHandler } from './websocket-link.js'

/** A socket that keeps the very buffers it is given. */
class WrittenSocket extends EventEmitter {
  readonly writes: Buffer[] = []
  readonly writable = true
  readonly destroyed = false
  writableLength = 0
  readonly writableNeedDrain = false
  corks = 0

  write(bytes: Buffer): boolean {
    this.writes.push(bytes)
    return true
  }
  cork(): void {
    this.corks += 1
  }
  uncork(): void {}
  end(): void {}
  pause(): void {}
  resume(): void {}
}

const SILENT: LinkHandler = { onMessage: () => {}, onClose: () => {} }

function open(settings: LinkSettings, handler: LinkHandler = SILENT) {
  const socket = new WrittenSocket()
  const link = new SocketLink(
    { socket: socket as unknown as Duplex, protocol: '', deflate: null },
    handler,
    settings,
  )
  link.start(Buffer.alloc(0))
  return { socket, link }
}

function openMany(count: number, options: LinkOptions = {}) {
  const settings = resolveLinkSettings('server', options)
  return Array.from({ length: count }, () => open(settings))
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const text = (bytes: Buffer | undefined): string => bytes?.toString('latin1') ?? ''
const frame = (payload: string): string =>
  Buffer.from(encodeFrame(0x81, Buffer.from(payload))).toString('latin1')

describe('[E28] one write per link and turn', () => {
  it('what is sent in one go leaves in one write, in order', async () => {
    const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
    link.send('text', 'a')
    link.sendFrame(shareFrame('text', 'b'))
    link.send('text', Buffer.from('c'))
    link.ping()
    expect(socket.writes).toEqual([])
    await turn()
    expect(socket.writes.map(text)).toEqual([`${frame('a')}${frame('b')}${frame('c')}\x89\x00`])
    expect([link.flushes, link.framesOut, link.bytesOut]).toEqual([1, 4, socket.writes[0]?.length])
  })

  it('a lone message does not wait for a timer, nor for the end of the turn', async () => {
    const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
    const order: string[] = []
    setImmediate(() => order.push(`turn ${socket.writes.length}`))
    link.send('text', 'a')
    await null
    process.nextTick(() => order.push(`callback ${socket.writes.length}`))
    await turn()
    expect(order).toEqual(['callback 1', 'turn 1'])
  })

  it('where several callbacks of a turn send to the same link, they soon share a write, and stop when it does not pay', async () => {
    const [a, b, target] = openMany(3)
    if (a === undefined || b === undefined || target === undefined) throw new Error('three links')
    const input = (link: SocketLink): void => {
      link.receive(Buffer.from('8a8000000000', 'hex'))
      target.link.send('text', 'x')
    }
    /** One turn with these callbacks in it, and the turns it takes to write; answers how many writes that were. */
    const writesOf = async (...callbacks: (() => void)[]): Promise<number> => {
      const before = target.socket.writes.length
      for (const callback of callbacks) setImmediate(callback)
      for (let turns = 0; turns < 3; turns += 1) await turn()
      return target.socket.writes.length - before
    }
    const both = (): Promise<number> =>
      writesOf(
        () => input(a.link),
        () => input(b.link),
      )
    expect(await both()).toBe(2)
    for (let round = 0; round < 40; round += 1) await both()
    expect([await both(), await both(), await both()]).toEqual([1, 1, 1])
    expect(target.socket.writes.at(-1)?.length).toBe(2 * frame('x').length)
    // Alone in its turn, a callback waits for nobody any more once that has been seen to be useless.
    for (let round = 0; round < 10; round += 1) expect(await writesOf(() => input(a.link))).toBe(1)
    expect(await both()).toBe(2)
  })

  it('the output of one turn does not grow beyond 64 KiB before it is written', () => {
    const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
    for (let index = 0; index < 100; index += 1) link.send('binary', Buffer.alloc(10_000))
    expect(socket.writes.length).toBeGreaterThan(8)
    expect(link.bufferedBytes).toBeLessThan(80_000)
  })
})

describe('[E37] where very many links have something to write', () => {
  it('they are written to some in a turn; others, and what they are sent meanwhile, do not wait, and nothing is out of order', async () => {
    let now = 0
    const settings = { ...resolveLinkSettings('server', {}), outbox: new Outbox(() => now) }
    const links = Array.from({ length: 1000 }, () => open(settings))
    const [first, second] = ['first', 'second'].map((payload) => shareFrame('text', payload))
    if (first === undefined || second === undefined) throw new Error('two frames')
    for (const { socket, link } of links) {
      const { write } = socket
      // Each takes a hundredth of a millisecond.
      socket.write = (bytes) => {
        now += 0.01
        return write.call(socket, bytes)
      }
      link.sendFrame(first)
    }
    const written = (): number => links.filter(({ socket }) => socket.writes.length > 0).length
    await null
    expect(written()).toBeLessThanOrEqual(64)
    await turn()
    const soon = written()
    expect(soon).toBeGreaterThan(64)
    expect(soon).toBeLessThan(300)
    const other = open(settings)
    other.link.send('text', 'at once')
    await null
    await new Promise<void>((resolve) => process.nextTick(resolve))
    expect(other.socket.writes.map(text)).toEqual([frame('at once')])
    for (const { link } of links) link.sendFrame(second)
    for (let turns = 0; turns < 40; turns++) await turn()
    for (const { socket } of links)
      expect(socket.writes.map(text).join('')).toBe(frame('first') + frame('second'))
    // Those that had not been written to were sent both in one.
    expect(links.filter(({ socket }) => socket.writes.length === 1).length).toBeGreaterThan(600)
  })
})

describe('[E29] links with the same frames to write share one buffer', () => {
  it('a sequence is joined once, whatever links stand on it', async () => {
    const links = openMany(100)
    const frames = ['one', 'two', 'three'].map((payload) => shareFrame('text', payload))
    for (const each of frames) for (const { link } of links) link.sendFrame(each)
    await turn()
    const buffers = new Set(links.flatMap(({ socket }) => socket.writes))
    expect([...buffers].map(text)).toEqual([frame('one') + frame('two') + frame('three')])
  })

  it('one frame alone is written as it was made', async () => {
    const links = openMany(3)
    const shared = shareFrame('text', 'hello')
    for (const { link } of links) link.sendFrame(shared)
    await turn()
    expect(links.map(({ socket }) => socket.writes[0] === shared.bytes)).toEqual([true, true, true])
  })

  it('links that were given different frames get their own, in the order given', async () => {
    const links = openMany(8)
    const frames = ['a', 'b', 'c'].map((payload) => shareFrame('text', payload))
    // Link i gets the frames whose bits are set in i.
    for (const [bit, each] of frames.entries()) {
      for (const [index, { link }] of links.entries()) if ((index >> bit) % 2 === 1) link.sendFrame(each)
    }
    await turn()
    expect(links.map(({ socket }) => socket.writes.map(text).join('|'))).toEqual(
      ['', 'a', 'b', 'ab', 'c', 'ac', 'bc', 'abc'].map((letters) => [...letters].map(frame).join('')),
    )
  })

  it('own frames between shared ones stay in their place', async () => {
    const links = openMany(2)
    const [first, second] = links
    const shared = shareFrame('text', 'shared')
    for (const { link } of links) link.sendFrame(shared)
    first?.link.send('text', 'mine')
    for (const { link } of links) link.sendFrame(shared)
    second?.link.send('text', 'yours')
    await turn()
    const s = frame('shared')
    expect(links.map(({ socket }) => socket.writes.map(text).join('|'))).toEqual([
      s + frame('mine') + s,
      s + s + frame('yours'),
    ])
  })

  it('frames of one turn do not appear in the next', async () => {
    const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
    const shared = shareFrame('text', 'again')
    for (let round = 0; round < 3; round += 1) {
      link.sendFrame(shared)
      await turn()
    }
    expect(socket.writes.map(text)).toEqual([frame('again'), frame('again'), frame('again')])
  })
})

describe('[E30] the memory frames are written into', () => {
  it('links that send by turns do not mix, over many slabs', async () => {
    const links = openMany(5)
    const sent = links.map(() => '')
    for (let round = 0; round < 400; round += 1) {
      for (const [index, { link }] of links.entries()) {
        const payload = `${index}:${round}:${'é'.repeat((round * 7 + index * 13) % 300)}`
        if (round % 2 === 0) link.send('text', payload)
        else link.send('text', Buffer.from(payload))
        sent[index] += frame(payload)
      }
      if (round % 50 === 0) await turn()
    }
    await turn()
    expect(links.map(({ socket }) => socket.writes.map(text).join(''))).toEqual(sent)
  })

  it('payloads of every length are framed right, as bytes and as text', async () => {
    for (const length of [
      0, 1, 40, 41, 42, 63, 125, 126, 127, 16_383, 16_384, 16_385, 65_535, 65_536, 100_000,
    ]) {
      const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
      link.send('text', 'x'.repeat(length))
      link.send('text', Buffer.from('x'.repeat(length)))
      await turn()
      expect(socket.writes.map(text).join('')).toBe(frame('x'.repeat(length)).repeat(2))
    }
  })

  it('what was written is never written over', async () => {
    const [{ socket, link } = open(resolveLinkSettings('server', {}))] = openMany(1)
    const copies: string[] = []
    for (let round = 0; round < 200; round += 1) {
      link.send('text', `${round} ${'x'.repeat(1000)}`)
      await turn()
      copies.push(text(socket.writes[round]))
    }
    expect(socket.writes.map(text)).toEqual(copies)
  })

  it('[E2] a client masks each frame with another key', async () => {
    const { socket, link } = open(resolveLinkSettings('client', {}))
    for (let index = 0; index < 3; index += 1) link.sendFrame(shareFrame('text', 'same'))
    link.send('text', 'x'.repeat(20_000))
    await turn()
    const bytes = Buffer.concat(socket.writes)
    const keys = [0, 1, 2].map((index) => bytes.subarray(index * 10 + 2, index * 10 + 6).toString('hex'))
    expect(new Set(keys).size).toBe(3)
    expect(bytes.length).toBe(3 * 10 + 20_000 + 8)
  })
})
