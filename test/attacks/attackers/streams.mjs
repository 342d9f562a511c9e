/** HTTP/2 as it should be, by node:http2, of which there is too much: streams that stay, are not read, or are WebSockets. */
import { once } from 'node:events'
import { connect } from 'node:http2'
import { CLOSE, CONNECT, frame, frameAt, handshake, PING, pause, Tally, TEXT, Wire } from './wire.mjs'

const PAGE = '/millrace/channels/chat:busy/publications'
const numbers = (count) => Array.from({ length: count }, (_, n) => n)

/** A session that may open streams. */
async function open(port, settings = {}) {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false, settings })
  session.on('error', () => {})
  await Promise.race([once(session, 'remoteSettings'), once(session, 'close')])
  return session
}

const sessions = (port, count, settings) => Promise.all(numbers(count).map(() => open(port, settings)))

function request(session, headers) {
  const stream = session.request(headers)
  stream.on('error', () => {})
  return stream
}

/**
 * Asks for pages whose bytes it does not let come: none of them, or as few as `window` says. CVE-2019-9517, CVE-2019-9511. Says how many were answered
 * with what, and how many streams were ended before it left.
 */
export async function unreadPages(port, { sessions: count, streams, window, seconds, address }) {
  const [answers, ended] = [new Tally(), new Tally()]
  const all = await sessions(port, count, { initialWindowSize: window })
  let isOver = false
  for (const session of all)
    for (let n = 0; n < streams && !session.destroyed; n++) {
      const stream = request(session, { ':path': `${PAGE}?limit=256`, 'x-forwarded-for': address })
      stream.on('response', ({ ':status': status }) => answers.add(status))
      stream.on('close', () => isOver || ended.add(stream.rstCode))
      stream.pause()
    }
  await pause(seconds * 1000)
  isOver = true
  for (const session of all) session.destroy()
  return { answers: answers.counts, ended: ended.counts }
}

/** Reads pages as fast as it goes, from one address. */
export async function readers(port, { count, address }) {
  const [answers, session] = [new Tally(), await open(port)]
  const read = async () => {
    const stream = request(session, { ':path': `${PAGE}?limit=1`, 'x-forwarded-for': address })
    stream.on('response', ({ ':status': status }) => answers.add(status))
    await new Promise((resolve) => stream.resume().on('close', resolve))
  }
  for (let n = 0; n < count; n += 50) await Promise.all(numbers(50).map(read))
  session.destroy()
  return { answers: answers.counts }
}

/** Bodies that take for ever, on as many streams as there may be. */
export async function slowBodies(port, { streams, seconds }) {
  const [answers, begun, session] = [new Tally(), performance.now(), await open(port)]
  let [last, left] = [0, streams]
  const kinds = ['poll', 'stream', 'send', 'close']
  const slow = numbers(streams).map((n) => {
    const stream = request(session, { ':path': `/millrace/${kinds[n % kinds.length]}`, ':method': 'POST' })
    stream.on('response', ({ ':status': status }) => {
      answers.add(status)
      left--
      last = performance.now() - begun
    })
    return stream.resume()
  })
  while (performance.now() < begun + seconds * 1000 && left > 0) {
    for (const stream of slow) if (stream.writable) stream.write('x')
    await pause(1000)
  }
  session.destroy()
  return { answers: answers.counts, lastAfter: Math.round(last / 1000) }
}

/** A WebSocket on a stream, RFC 8441 §5. Of what comes it remembers the code of the Close frame. */
class StreamSocket {
  stream
  code
  replies = 0
  #rest = Buffer.alloc(0)
  #answer
  #tell
  #drained = () => {}

  constructor(session, address) {
    this.stream = session.request(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':scheme': 'https',
        ':path': '/millrace',
        'sec-websocket-version': '13',
        'x-forwarded-for': address,
      },
      { endStream: false },
    )
    this.stream.on('error', () => {})
    this.stream.on('data', (bytes) => this.#read(bytes))
    this.stream.on('drain', () => this.#drained())
    this.ended = new Promise((resolve) => this.stream.on('close', resolve))
    this.opened = Promise.race([new Promise((resolve) => this.stream.on('response', resolve)), this.ended])
    this.told = Promise.race([new Promise((resolve) => (this.#tell = resolve)), this.ended])
    this.answered = Promise.race([new Promise((resolve) => (this.#answer = resolve)), this.ended])
  }

  get isOver() {
    return this.code !== undefined || this.stream.closed
  }

  get end() {
    if (this.code !== undefined) return this.code
    return this.stream.closed ? 'cut' : 'stays'
  }

  send(bytes) {
    if (this.stream.writable) this.stream.write(bytes)
  }

  /** Sends as much as the other side takes, and waits until it has, or for a while. */
  async pour(bytes) {
    if (!this.stream.writable || this.stream.write(bytes)) return
    const drained = new Promise((resolve) => (this.#drained = resolve))
    await Promise.race([drained, this.ended, pause(200)])
  }

  #read(bytes) {
    let rest = Buffer.concat([this.#rest, bytes])
    for (let found = frameAt(rest, 0); found !== undefined; found = frameAt(rest, 0)) {
      const { head, payload, end } = found
      if (head === CLOSE) {
        this.code ??= payload.length < 2 ? 1005 : payload.readUInt16BE(0)
        this.#tell()
      } else if (head === TEXT) this.replies++
      this.#answer()
      rest = rest.subarray(end)
    }
    this.#rest = rest
  }
}

const endsOf = (sockets) => {
  const tally = new Tally()
  for (const { end } of sockets) tally.add(end)
  return tally.counts
}

/** So many WebSockets on each session, one address each, that say nothing. */
export async function silentSockets(port, { sessions: count, streams, seconds }) {
  const sockets = []
  const all = await sessions(port, count)
  for (const [n, session] of all.entries())
    for (let m = 0; m < streams; m++) sockets.push(new StreamSocket(session, `198.51.100.${100 + n}`))
  await Promise.race([Promise.all(sockets.map(({ told }) => told)), pause(seconds * 1000)])
  const ends = endsOf(sockets)
  for (const session of all) session.destroy()
  return { ends }
}

/** As many as it likes from one address, which say who they are; and while they stay, one more by HTTP/1.1 on another port, and by requests. */
export async function oneAddress(port, { sessions: count, streams, address, plain }) {
  const all = await sessions(port, count + 1)
  const spare = all.pop()
  const sockets = all.flatMap((session) => numbers(streams).map(() => new StreamSocket(session, address)))
  await Promise.all(sockets.map(({ opened }) => opened))
  for (const socket of sockets) socket.send(CONNECT)
  await Promise.race([Promise.all(sockets.map(({ answered }) => answered)), pause(5000)])
  const ends = endsOf(sockets)
  const wire = new Wire(plain)
  wire.send(handshake({ headers: { 'x-forwarded-for': address } }))
  await Promise.race([wire.told, wire.ended, pause(2000)])
  const byHttp1 = wire.end
  const byPoll = await closing(spare, 'poll', address)
  const byStream = await closing(spare, 'stream', address)
  wire.destroy()
  for (const session of [...all, spare]) session.destroy()
  return { ends, byHttp1, byPoll, byStream, replies: sockets.filter(({ replies }) => replies > 0).length }
}

/** The code that closes a connection of requests as soon as it is opened; else all that it was told. */
async function closing(session, kind, address) {
  const path = `/millrace/${kind}`
  const opened = await posted(session, { ':path': path, 'x-forwarded-for': address }, '{}')
  const link = /"link":"([^"]+)"/.exec(opened)?.[1]
  // Who polls may be told only by the answer to the next one.
  const isAsked = kind === 'poll' && !opened.includes('event:close') && link !== undefined
  const next = isAsked ? await posted(session, { ':path': path }, `{"link":"${link}","wait":1000}`) : ''
  const told = opened + next
  return Number(/^event:close\ndata:\{"code":(\d+)/m.exec(told)?.[1]) || told
}

async function posted(session, headers, body) {
  const stream = request(session, { ...headers, ':method': 'POST' })
  let answer = ''
  stream.on('data', (bytes) => {
    answer += bytes
  })
  const over = new Promise((resolve) => stream.on('close', resolve))
  stream.end(body)
  await Promise.race([over, pause(2000)])
  return answer
}

/** WebSockets that come and go, some on each session. */
export async function flapping(port, { count, address }) {
  const [ends, each] = [new Tally(), 50]
  for (let n = 0; n < count; n += each) {
    const session = await open(port)
    const sockets = numbers(each).map(() => new StreamSocket(session, address))
    await Promise.all(sockets.map(({ opened }) => opened))
    for (const socket of sockets) socket.send(CONNECT)
    await Promise.race([Promise.all(sockets.map(({ answered }) => answered)), pause(5000)])
    for (const { code, replies, end } of sockets) ends.add(code ?? (replies > 0 ? 'let in' : end))
    session.destroy()
  }
  return { ends: ends.counts }
}

/** WebSockets that subscribe, ask for much, and let not a byte come, not even a ping. What they were told nobody knows: they did not read it. */
export async function neverReading(port, { streams, seconds, channel, address }) {
  const session = await open(port, { initialWindowSize: 0 })
  const asking = frame(
    TEXT,
    `[${Array(20).fill(`{"id":7,"history":{"channel":"${channel}","limit":256}}`).join()}]`,
  )
  const sockets = numbers(streams).map(() => new StreamSocket(session, address))
  for (const socket of sockets) {
    await socket.opened
    for (const bytes of [CONNECT, frame(TEXT, `{"id":2,"subscribe":{"channel":"${channel}"}}`), asking])
      socket.send(bytes)
  }
  await Promise.race([Promise.all(sockets.map(({ ended }) => ended)), pause(seconds * 1000)])
  const stays = sockets.filter(({ stream }) => !stream.closed).length
  session.destroy()
  return { ends: { cut: streams - stays, ...(stays > 0 && { stays }) } }
}

const FLOODS = [
  Buffer.concat(Array(300).fill(frame(PING, 'x'.repeat(125)))),
  Buffer.concat(Array(2000).fill(frame(TEXT, '[]'))),
]

/** WebSockets of one session, as many as it may have, that flood, each in its way. */
export async function floodingSockets(port, { streams, seconds, address }) {
  const [session, until] = [await open(port), performance.now() + seconds * 1000]
  const sockets = numbers(streams).map(() => new StreamSocket(session, address))
  await Promise.all(
    sockets.map(async (socket, n) => {
      await socket.opened
      socket.send(CONNECT)
      while (performance.now() < until && !socket.isOver) {
        await socket.pour(FLOODS[n % FLOODS.length])
        await pause(0)
      }
    }),
  )
  await Promise.race([Promise.all(sockets.map(({ told }) => told)), pause(500)])
  const ends = endsOf(sockets)
  session.destroy()
  return { ends }
}
