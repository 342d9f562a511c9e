/**
 * Those who stay within what they may. Each first does what comes before, says that it is ready, and then attacks; gives how long that took, in
 * seconds.
 */
import { audience, connected, quiet } from './clients.mjs'
import { DEFLATE, deflated, RSV1 } from './deflated.mjs'
import { frame, open, PING, pause, Tally, TEXT, text, Wire } from './wire.mjs'

/** Milliseconds between two pieces of what has a rate. */
const BEAT = 20

/** Sends pieces, made by number, so many at once or `perSecond` for some seconds. */
async function send(wire, piece, { burst = 0, perSecond = 0, seconds = 0 }) {
  let sent = 0
  for (; sent < burst && !wire.isOver; sent++) wire.send(piece(sent))
  const begun = performance.now()
  const all = burst + Math.floor(perSecond * seconds)
  while (sent < all && !wire.isOver) {
    const due = burst + Math.floor(((performance.now() - begun) / 1000) * perSecond)
    for (; sent < Math.min(all, due); sent++) wire.send(piece(sent))
    await pause(BEAT)
  }
}

const ended = (wire) => ({ [wire.isOver ? wire.end : 'stays']: 1 })

/**
 * One that sends commands, one after the other of those given, again and again: `burst` at once, or `perSecond` for some seconds; for that it
 * has used up before what may come at once, `drain`, or `drainBy` commands of another kind. `$n` in a command is its number. `first` are those
 * that come before, `readers` who reads what comes of it: `{ count, says }`. `frames` has it send frames of that kind instead: `pings`;
 * `deflates` has it compress, `parts` take large replies in parts.
 */
export async function commands(port, options, ready) {
  const { repeats = [], first = [], drain = 0, drainBy, readers, headers, frames, deflates, parts } = options
  if (readers !== undefined) await audience(port, readers)
  const { wire, codes } = await connected(port, { headers: deflates ? DEFLATE : headers, parts })
  for (const command of first) wire.send(text(command))
  const ping = frame(PING, 'x'.repeat(125))
  const piece = (n) => {
    if (frames === 'pings') return ping
    const said = repeats[n % repeats.length].replaceAll('$n', n)
    return deflates ? frame(TEXT | RSV1, deflated(said)) : text(said)
  }
  const before = drainBy === undefined ? piece : (n) => text(drainBy.replaceAll('$n', n))
  await send(wire, before, { burst: drain })
  await quiet()
  await ready()
  const begun = performance.now()
  // What a reply says of before is of no interest.
  codes.counts = {}
  await send(wire, (n) => piece(n + drain), options)
  const seconds = (performance.now() - begun) / 1000
  await quiet()
  return { ends: ended(wire), codes: codes.counts, seconds: Math.max(seconds, options.seconds ?? 0) }
}

/** So many connections that are there, and have said who they are if they are `connected`, until they are ended or time is over. */
export async function present(port, { count, seconds, headers, says = [] }, ready) {
  await ready()
  const begun = performance.now()
  const wires = []
  for (let n = 0; n < count; n += 50) {
    const some = Array.from({ length: Math.min(50, count - n) }, () => open(port, { headers }))
    for (const wire of await Promise.all(some)) {
      for (const one of says) wire.send(text(one))
      wires.push(wire)
    }
  }
  await Promise.race([Promise.all(wires.map((wire) => wire.ended)), pause(seconds * 1000)])
  const ends = new Tally()
  for (const wire of wires) {
    ends.add(wire.isOver ? wire.end : 'stays')
    wire.destroy()
  }
  return { ends: ends.counts, seconds: (performance.now() - begun) / 1000 }
}

/** Bytes over so many connections of which each waits for more, until they are ended or time is over. */
export async function unfinished(port, { count, seconds, head, body }, ready) {
  await ready()
  const begun = performance.now()
  const bytes = `${head}${'x'.repeat(body)}`
  const wires = []
  for (let n = 0; n < count; n++) {
    const wire = new Wire(port)
    wire.send(bytes)
    wires.push(wire)
    // More at once would wait for Linux to let them in.
    if (n % 50 === 49) await pause(50)
  }
  await Promise.race([Promise.all(wires.map((wire) => wire.ended)), pause(seconds * 1000)])
  const ends = new Tally()
  for (const wire of wires) {
    ends.add(wire.socket.destroyed ? wire.end : 'stays')
    wire.destroy()
  }
  return { ends: ends.counts, seconds: (performance.now() - begun) / 1000 }
}

/** The status of the answer to a request, once it has come whole. */
function exchange(wire, request) {
  const answer = new Promise((resolve) => {
    let [head, left] = ['', 0]
    const read = (bytes) => {
      left -= bytes.length
      if (head === '') {
        const said = bytes.toString('latin1')
        const end = said.indexOf('\r\n\r\n')
        head = said.slice(0, end)
        left = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) + end + 4 - bytes.length
      }
      if (left > 0) return
      wire.socket.off('data', read)
      resolve(head.slice(9, 12))
    }
    wire.socket.on('data', read)
    wire.send(request)
  })
  return Promise.race([answer, wire.ended])
}

/** The same request again and again over some connections: `burst` of them at once, or `perSecond` for some seconds. */
export async function asks(
  port,
  { wires: count = 16, request, drain = 0, burst = 0, perSecond = 0, seconds = 0 },
  ready,
) {
  const wires = Array.from({ length: count }, () => new Wire(port))
  for (const wire of wires) wire.socket.removeAllListeners('data')
  const statuses = new Tally()
  const ask = async (many, pace = 0) => {
    let [asked, begun] = [0, performance.now()]
    const place = async (wire) => {
      while (asked < many && !wire.socket.destroyed) {
        const due = begun + asked++ * pace
        if (due > performance.now()) await pause(due - performance.now())
        statuses.add(await exchange(wire, request))
      }
    }
    await Promise.all(wires.map(place))
  }
  await ask(drain)
  statuses.counts = {}
  await ready()
  const begun = performance.now()
  await (burst > 0 ? ask(burst) : ask(perSecond * seconds, 1000 / perSecond))
  const took = (performance.now() - begun) / 1000
  for (const wire of wires) wire.destroy()
  return { ends: statuses.counts, seconds: took }
}
