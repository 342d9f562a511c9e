import { EventEmitter, once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { beginInTurns } from './hello-turns.js'

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
