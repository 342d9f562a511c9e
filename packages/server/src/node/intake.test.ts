import { Duplex } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { resolveAcceptSettings } from './accept.js'
import { InputTurns } from './input-turns.js'
import { resolveLinkSettings } from './link-settings.js'
import { SocketLink } from './socket.js'
import { answerUpgradeInTurn, type UpgradeEvent } from './upgrade.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

class Wire extends Duplex {
  override _read(): void {}
  override _write(_bytes: Buffer, _encoding: string, done: () => void): void {
    done()
  }
}

/** A server's links, whose messages take a tenth of a millisecond each, where what may be told in a turn takes one. */
function world({ told }: { readonly told?: (link: WebSocketLink, text: string) => void } = {}) {
  const heard: string[] = []
  let now = 0
  const settings = { ...resolveLinkSettings('server', {}), turns: new InputTurns(() => now) }
  const handler: LinkHandler = {
    onMessage(link, _kind, bytes) {
      now += 0.1
      const text = Buffer.from(bytes).toString()
      heard.push(text)
      told?.(link, text)
    },
    onClose: (_link, code) => void heard.push(`closed ${code}`),
  }
  const open = () => {
    const socket = new Wire()
    const link = new SocketLink({ socket, protocol: '', deflate: null }, handler, settings)
    link.start(Buffer.alloc(0))
    return { socket, link }
  }
  /** One that has been heard before. */
  const openOld = async () => {
    const one = open()
    one.link.receive(Buffer.from('8a8000000000', 'hex'))
    await turn()
    return one
  }
  return { open, openOld, settings, heard: () => heard.splice(0) }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const frame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)])
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, n) => String(from + n))
const chunk = (texts: readonly string[]): Buffer => Buffer.concat(texts.map(frame))

describe('[E36] what one socket brings at once', () => {
  it('is told as long as there is time in this turn, and then in those that follow, in order', async () => {
    const { openOld, heard } = world()
    const { socket, link } = await openOld()
    link.receive(chunk(numbers(1, 100)))
    const first = heard()
    expect(first.length).toBeGreaterThanOrEqual(10)
    expect(first.length).toBeLessThan(30)
    expect(socket.isPaused()).toBe(true)
    const counts: number[] = []
    const all = [...first]
    for (let turns = 0; turns < 20 && all.length < 100; turns++) {
      await turn()
      const now = heard()
      counts.push(now.length)
      all.push(...now)
    }
    expect(all).toEqual(numbers(1, 100))
    expect(Math.max(...counts)).toBeLessThan(20)
    await turn()
    expect(socket.isPaused()).toBe(false)
  })

  it('keeps nobody waiting who brings little, and others who bring much take turns with it', async () => {
    const { openOld, heard } = world()
    const [a, b, c] = [await openOld(), await openOld(), await openOld()]
    a.link.receive(chunk(numbers(100, 199)))
    heard()
    b.link.receive(chunk(numbers(200, 299)))
    const little = heard()
    expect(little).toEqual(numbers(200, 207))
    c.link.receive(frame('little'))
    expect(heard()).toEqual(['little'])
    const whose: string[] = []
    for (let turns = 0; turns < 6; turns++) {
      await turn()
      whose.push([...new Set(heard().map((text) => text.slice(0, 1)))].join())
    }
    expect(whose).toEqual(['1', '2', '1', '2', '1', '2'])
  })

  it('has what comes next wait for time, where it was more than a turn has time for, and not where it was little', async () => {
    const { openOld, heard } = world()
    const [greedy, other] = [await openOld(), await openOld()]
    const told = async (): Promise<string[]> => {
      for (let turns = 0; turns < 20; turns++) await turn()
      return heard()
    }
    greedy.link.receive(chunk(numbers(1, 40)))
    expect(await told()).toEqual(numbers(1, 40))
    for (const waits of [true, false]) {
      // It takes the time there is.
      other.link.receive(chunk(numbers(100, 199)))
      heard()
      greedy.link.receive(frame('more'))
      expect(heard()).toEqual(waits ? [] : ['more'])
      expect((await told()).includes('more')).toBe(waits)
    }
  })

  it('and is large is more than one message, so the clock is looked at after each', async () => {
    const { openOld, heard } = world()
    const { link } = await openOld()
    const large = (n: number): Buffer =>
      Buffer.concat([Buffer.from([0x82, 0xfe, 0x40, 0x00, 0, 0, 0, 0]), Buffer.alloc(16_384, n)])
    link.receive(Buffer.concat(Array.from({ length: 20 }, (_, n) => large(n))))
    expect(heard().length).toBeLessThan(13)
  })

  it('and is part of a large message has the next part wait, though nothing was told', async () => {
    const { openOld, heard } = world()
    const [other, { link, socket }] = [await openOld(), await openOld()]
    const large = Buffer.concat([
      Buffer.from([0x82, 0xfe, 0x80, 0x00, 0, 0, 0, 0]),
      Buffer.alloc(32_768, 'x'),
    ])
    link.receive(large.subarray(0, 16_384))
    // It takes the time there is.
    other.link.receive(chunk(numbers(100, 199)))
    heard()
    expect(socket.isPaused()).toBe(false)
    link.receive(large.subarray(16_384))
    expect([heard(), socket.isPaused()]).toEqual([[], true])
    for (let turns = 0; turns < 20; turns++) await turn()
    expect(heard()).toContain('x'.repeat(32_768))
  })

  it('goes on behind what came while it waited', async () => {
    const { openOld, heard } = world()
    const { link } = await openOld()
    link.receive(chunk(numbers(1, 40)))
    link.receive(chunk(numbers(41, 60)))
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(heard()).toEqual(numbers(1, 60))
  })

  it('is told before the end of the connection, though the stream is at its end already', async () => {
    const { openOld, heard } = world()
    const { socket, link } = await openOld()
    link.receive(chunk(numbers(1, 40)))
    socket.emit('end')
    for (let turns = 0; turns < 10; turns++) await turn()
    socket.destroy()
    await turn()
    expect(heard()).toEqual([...numbers(1, 40), 'closed 1006'])
  })

  it('is not told any more once its link was closed, or has gone', async () => {
    const { openOld, heard } = world()
    const [closed, gone] = [await openOld(), await openOld()]
    for (const { link } of [closed, gone]) link.receive(chunk(numbers(1, 60)))
    heard()
    closed.link.close(1000)
    gone.link.terminate()
    for (let turns = 0; turns < 10; turns++) await turn()
    expect(heard()).toEqual(['closed 1006'])
    // The peer's part of the closing handshake was read behind all that.
    closed.link.receive(Buffer.from('8882000000000' + '3e8', 'hex'))
    closed.socket.destroy()
    await turn()
    expect(heard()).toEqual(['closed 1000'])
  })
})

describe('[E36] a link that is paused', () => {
  it('is told nothing more, not even of the chunk in hand, until it goes on', async () => {
    const { openOld, heard } = world({
      told: (link, text) => {
        if (text === '3') link.pause()
      },
    })
    const { socket, link } = await openOld()
    link.receive(chunk(numbers(1, 6)))
    for (let turns = 0; turns < 3; turns++) await turn()
    expect([heard(), socket.isPaused()]).toEqual([numbers(1, 3), true])
    link.resume()
    await turn()
    expect([heard(), socket.isPaused()]).toEqual([numbers(4, 6), false])
  })

  it('may go on from within the same callback', async () => {
    const { openOld, heard } = world({
      told: (link) => {
        link.pause()
        link.resume()
      },
    })
    const { link } = await openOld()
    link.receive(chunk(numbers(1, 20)))
    for (let turns = 0; turns < 30; turns++) await turn()
    expect(heard()).toEqual(numbers(1, 20))
  })
})

describe('[E36] who is new', () => {
  it('is heard when there is time, after those who are there', async () => {
    const { open, openOld, heard } = world()
    const [old, young] = [await openOld(), open()]
    old.link.receive(chunk(numbers(1, 12)))
    old.link.receive(chunk(numbers(13, 24)))
    heard()
    young.link.receive(frame('new'))
    expect(heard()).toEqual([])
    for (let turns = 0; turns < 4; turns++) await turn()
    expect(heard()).toContain('new')
    young.link.receive(frame('not any more'))
    expect(heard()).toEqual(['not any more'])
  })

  it('is let in when there is time, and not at all when it has left meanwhile', async () => {
    const opened: string[] = []
    const waiting: { proceed(): void }[] = []
    const settings = resolveAcceptSettings({
      handler: { onOpen: (_, { url }) => opened.push(url), onMessage() {}, onClose() {} },
    })
    const busy = { hasTime: false, add: (one: { proceed(): void }) => waiting.push(one) }
    Object.assign(settings.link, { turns: busy })
    const ask = (url: string) => {
      const socket = new Wire()
      const headers = {
        host: 'localhost',
        upgrade: 'websocket',
        connection: 'Upgrade',
        'sec-websocket-version': '13',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      }
      const request = { method: 'GET', httpVersion: '1.1', url, headers, headersDistinct: {} }
      const event = { request, socket, head: Buffer.alloc(0) } as unknown as UpgradeEvent
      answerUpgradeInTurn(event, settings)
      return socket
    }
    ask('/stays')
    const left = ask('/left')
    left.destroy(new Error('reset'))
    await turn()
    expect(opened).toEqual([])
    for (const one of waiting) one.proceed()
    expect(opened).toEqual(['/stays'])
  })
})
