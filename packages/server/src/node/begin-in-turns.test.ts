import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { beginInTurns } from './begin-in-turns.js'
import { plainServer } from './own-server.js'

const LONG = 60_000
let closes: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closes) await close()
  closes = []
})

/** Takes longer than there is time for in a turn. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

/** A socket as the kernel gives it, on which this has come already. */
function socketWith(bytes: string): PassThrough {
  const socket = new PassThrough()
  socket.write(bytes)
  return socket
}

/** A server that tells of the sockets it was passed. */
async function listening(silentWithin = LONG): Promise<{ port: number; passed: Socket[] }> {
  const passed: Socket[] = []
  const server = createServer()
  server.on('connection', (socket) => passed.push(socket))
  beginInTurns(server, silentWithin)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closes.push(() => {
    for (const socket of passed) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, passed }
}

function connected(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  closes.push(() => socket.destroy())
  return socket
}

describe('[E38] handshakes', () => {
  it('begin one a turn where each takes all the time there is, in the order in which they came', async () => {
    const server = new EventEmitter()
    const seen: unknown[] = []
    server.on('connection', (socket: PassThrough) => {
      seen.push(String(socket.read()))
      work(2)
    })
    beginInTurns(server, LONG)
    for (const name of ['ada', 'grace', 'edsger']) server.emit('connection', socketWith(name))
    for (let n = 0; n < 8; n++) {
      await turn()
      seen.push('turn')
    }
    const between = seen.join(' ').replace(/( turn)+/g, ' turn')
    expect(between).toMatch(/^(turn )?ada turn grace turn edsger turn$/)
  })

  it('begin many a turn where there is time for them', async () => {
    const server = new EventEmitter()
    let begun = 0
    server.on('connection', () => begun++)
    beginInTurns(server, LONG)
    for (let n = 0; n < 50; n++) server.emit('connection', socketWith('x'))
    for (let n = 0; n < 20; n++) await turn()
    expect(begun).toBe(50)
  })

  it('do not begin for a socket that was cut while it waited', async () => {
    const server = new EventEmitter()
    const seen: unknown[] = []
    server.on('connection', (socket: PassThrough) => {
      seen.push(socket)
      work(2)
    })
    beginInTurns(server, LONG)
    const [first, second, third] = ['a', 'b', 'c'].map(socketWith)
    for (const socket of [first, second, third]) server.emit('connection', socket)
    second?.destroy(new Error('reset'))
    for (let n = 0; n < 12; n++) await turn()
    expect(seen).toEqual([first, third])
  })
})

describe('[E38] before a handshake', () => {
  it('nothing is passed on until a byte is there, which stays to be read', async () => {
    const { port, passed } = await listening()
    const socket = connected(port)
    await once(socket, 'connect')
    await pause(50)
    expect(passed).toEqual([])
    socket.write('hello')
    while (passed.length === 0) await pause(5)
    const [got] = passed
    expect(String(got?.read())).toBe('hello')
  })

  it('who says nothing is gone in time, and so is who leaves without a word, or is cut', async () => {
    const { port, passed } = await listening(50)
    const [silent, leaving, cut] = [connected(port), connected(port), connected(port)]
    leaving.end()
    cut.once('connect', () => cut.resetAndDestroy())
    for (const socket of [silent, leaving]) socket.resume()
    await Promise.all([once(silent, 'close'), once(leaving, 'close'), once(cut, 'close')])
    expect(passed).toEqual([])
  })
})

describe('[E38] a server for HTTP', () => {
  /** It answers with the path, and what the body had. */
  async function serving() {
    const own = plainServer(
      { headersWithin: LONG },
      () => null,
      (request, response) => {
        let body = ''
        request.on('data', (chunk) => {
          body += String(chunk)
        })
        request.on('end', () => response.end(`<${request.url} ${body}>`))
      },
    )
    own.server.on('upgrade', (_, socket: Socket, head: Buffer) => socket.end(`101 ${String(head)}`))
    own.server.listen(0, '127.0.0.1')
    await once(own.server, 'listening')
    closes.push(() => own.close())
    return { own, port: (own.server.address() as AddressInfo).port }
  }

  /** All that is heard on a connection until it ends. */
  async function heard(socket: Socket): Promise<string> {
    let all = ''
    socket.on('data', (chunk) => {
      all += String(chunk)
    })
    await once(socket, 'end')
    return all
  }

  const request = (path: string, body = '', more = ''): string =>
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n${more}\r\n${body}`

  it('answers all that came at once, in order, and what comes in pieces', async () => {
    const { port } = await serving()
    const socket = connected(port)
    const all = heard(socket)
    socket.write(request('/1') + request('/2', 'two') + request('/3', 'three').slice(0, -2))
    await pause(20)
    socket.write('ee')
    for (const part of request('/4', 'four', 'connection: close\r\n').match(/[\s\S]{1,7}/g) ?? []) {
      socket.write(part)
      await pause(1)
    }
    expect((await all).match(/<[^>]*>/g)).toEqual(['</1 >', '</2 two>', '</3 three>', '</4 four>'])
  })

  it('answers each of a thousand who come at once', async () => {
    const { port } = await serving()
    const sockets = Array.from({ length: 1000 }, () => connected(port))
    const all = sockets.map(heard)
    for (const [n, socket] of sockets.entries()) socket.write(request(`/${n}`, 'x', 'connection: close\r\n'))
    const answers = (await Promise.all(all)).map((text) => text.match(/<[^>]*>/)?.[0])
    expect(answers).toEqual(sockets.map((_, n) => `</${n} x>`))
  })

  it('hands over what came behind an upgrade', async () => {
    const { port } = await serving()
    const socket = connected(port)
    socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\nbehind')
    expect(await heard(socket)).toBe('101 behind')
  })

  it('that closes waits for nobody who has said nothing yet', async () => {
    const { own, port } = await serving()
    const socket = connected(port)
    await once(socket, 'connect')
    await pause(20)
    const begun = performance.now()
    const gone = once(socket, 'close')
    await Promise.all([own.close(), gone])
    expect(performance.now() - begun).toBeLessThan(1_000)
  })
})
