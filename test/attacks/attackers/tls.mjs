/** TLS that never comes to anything. */
import { once } from 'node:events'
import { connect as connectSocket, createServer } from 'node:net'
import { connect } from 'node:tls'
import { frame, PREFACE, TYPE } from './h2-wire.mjs'
import { handshake, pause, Tally } from './wire.mjs'

/** Connections that wait for their end. */
class Waiting {
  #sockets = []
  #left = 0
  #longest = 0

  async open(count, open) {
    for (let n = 0; n < count; n++) {
      const [socket, begun] = [open(n), performance.now()]
      this.#sockets.push(socket)
      this.#left++
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#left--
        this.#longest = Math.max(this.#longest, performance.now() - begun)
      })
      socket.resume()
      // More at once would find no room where Linux keeps those that the server has not taken yet, and think that they are in.
      if (n % 20 === 19) await pause(40)
    }
  }

  get sockets() {
    return this.#sockets
  }

  /** How they have ended when all are over, or so many seconds are; and how many the longest lived. Does something with each every second. */
  async ends(seconds, each = () => {}) {
    const until = performance.now() + seconds * 1000
    for (let second = 0; this.#left > 0 && performance.now() < until; second++) {
      for (const socket of this.#sockets) if (socket.writable) each(socket, second)
      await pause(1000)
    }
    const stays = this.#left
    for (const socket of this.#sockets) socket.destroy()
    const cut = this.#sockets.length - stays
    return { ends: { cut, ...(stays > 0 && { stays }) }, longest: Math.round(this.#longest / 1000) }
  }
}

/** What opens a ClientHello, RFC 8446 §5.1; not all of it ever comes. */
const HELLO = Buffer.concat([Buffer.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), Buffer.alloc(400, 7)])

/** Handshakes that are begun and left: with nothing, with a part of a ClientHello, with a whole one that is answered and then nothing. */
export async function leftHandshakes(port, { count, seconds }) {
  const [waiting, whole] = [new Waiting(), await clientHello()]
  await waiting.open(count, (n) => {
    const socket = connectSocket(port, '127.0.0.1')
    socket.write([Buffer.alloc(0), HELLO, whole][n % 3])
    return socket
  })
  return waiting.ends(seconds)
}

/** What a client of Node says first. */
async function clientHello() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect({ port: server.address().port, host: '127.0.0.1', ALPNProtocols: ['h2'] })
  client.on('error', () => {})
  const [socket] = await once(server, 'connection')
  const [bytes] = await once(socket, 'data')
  for (const one of [client, socket, server]) (one.destroy ?? one.close).call(one)
  return bytes
}

/** A byte of a ClientHello each second. */
export async function slowHellos(port, { count, seconds }) {
  const waiting = new Waiting()
  await waiting.open(count, () => connectSocket(port, '127.0.0.1'))
  return waiting.ends(seconds, (socket, second) => socket.write(HELLO.subarray(second, second + 1)))
}

/** Handshakes that fail, as fast as they go: what is no TLS, and versions that are not spoken. */
export async function badHandshakes(port, { seconds, wires }) {
  const [until, ends] = [performance.now() + seconds * 1000, new Tally()]
  const ways = [
    'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
    Buffer.alloc(20_000, 0x16),
    Buffer.concat([Buffer.of(0x16, 3, 1, 0, 5), Buffer.alloc(5, 0xff)]),
    Buffer.concat([Buffer.of(0x17, 3, 3, 0x40, 0), Buffer.alloc(0x4000)]),
  ]
  const place = async (_, at) => {
    for (let n = at; performance.now() < until; n++) {
      const socket = connectSocket(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      socket.write(ways[n % ways.length])
      const closed = new Promise((resolve) => socket.on('close', () => resolve('cut')))
      ends.add(await Promise.race([closed, pause(5000).then(() => 'stays')]))
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: wires }, place))
  return { ends: ends.counts }
}

/** As many as there may be say at once what a handshake begins with, again and again: most of what it costs the server comes of that. */
export async function crowds(port, { count, crowds }) {
  const whole = await clientHello()
  const ends = new Tally()
  for (let n = 0; n < crowds; n++) {
    const waiting = new Waiting()
    await waiting.open(count, () => connectSocket(port, '127.0.0.1'))
    for (const socket of waiting.sockets) if (socket.writable) socket.write(whole)
    await pause(1000)
    for (const socket of waiting.sockets) {
      ends.add(socket.bytesRead > 0 ? 'answered' : 'not answered')
      socket.destroy()
    }
  }
  return { ends: ends.counts }
}

/** Whole handshakes, as fast as they go, and then nothing. */
export async function handshakes(port, { seconds, wires, ...options }) {
  const until = performance.now() + seconds * 1000
  let count = 0
  const place = async () => {
    while (performance.now() < until) {
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options })
      socket.on('error', () => {})
      await Promise.race([once(socket, 'secureConnect').catch(() => {}), pause(5000)])
      socket.destroy()
      count++
    }
  }
  await Promise.all(Array.from({ length: wires }, place))
  return { ends: { left: count } }
}

/** Handshakes anew on a connection that stands, over and over, by each protocol: RFC 5746. Says how many succeeded, and how it ended. */
export async function renegotiations(port, { count }) {
  const outcomes = ['h2', 'http/1.1'].map(async (protocol) => {
    const socket = connect({
      ...{ port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' },
      ALPNProtocols: [protocol],
    })
    const ended = new Promise((resolve) => socket.on('close', () => resolve(false)))
    socket.on('error', () => {})
    await Promise.race([once(socket.resume(), 'secureConnect'), ended])
    let made = 0
    for (let isMade = true; isMade && made < count; ) {
      const again = new Promise((resolve) => socket.renegotiate({}, (error) => resolve(error === null)))
      isMade = await Promise.race([again, ended, pause(1500)])
      if (isMade) made++
    }
    const end = socket.destroyed ? 'cut' : 'stays'
    socket.destroy()
    return [protocol, { made, end }]
  })
  return Object.fromEntries(await Promise.all(outcomes))
}

/** Connections that have shaken hands and say nothing, or what is no request yet, by each protocol; some ping now and then. */
export async function idleSessions(port, { count, seconds }) {
  const ping = frame(TYPE.ping, { payload: '12345678' })
  const ways = {
    'h2, nothing': ['h2'],
    'h2, preface alone': ['h2', PREFACE],
    'h2, pings': ['h2', Buffer.concat([PREFACE, frame(TYPE.settings)]), (socket) => socket.write(ping)],
    'http/1.1, nothing': ['http/1.1'],
    'http/1.1, half a head': ['http/1.1', handshake().slice(0, 40)],
  }
  const outcomes = Object.entries(ways).map(async ([name, [protocol, first = '', each]]) => {
    const waiting = new Waiting()
    await waiting.open(count, () => {
      const socket = connect({
        ...{ port, host: '127.0.0.1', rejectUnauthorized: false },
        ALPNProtocols: [protocol],
      })
      if (first !== '') socket.write(first)
      return socket
    })
    return [name, await waiting.ends(seconds, each)]
  })
  return Object.fromEntries(await Promise.all(outcomes))
}
