/** Many at once, who each do little. */
import { CONNECT, open, pause, Tally, text, Wire } from './wire.mjs'

/** One address of Linux's loopback network for each ten thousand connections, or ports would run out. */
const from = (n) => (process.platform === 'linux' ? `127.0.${Math.floor(n / 10_000)}.2` : undefined)
const AT_ONCE = 200

/** Opens so many, some at a time. Gives those that were let in, and counts the others. */
async function gather(port, count, optionsOf = () => ({})) {
  const [wires, refused] = [[], new Tally()]
  for (let n = 0; n < count; n += AT_ONCE) {
    const group = Array.from({ length: Math.min(AT_ONCE, count - n) }, async (_, i) => {
      const wire = new Wire(port, from(n + i))
      if (await wire.opens(optionsOf(n + i))) wires.push(wire)
      else refused.add(wire.end)
    })
    await Promise.all(group)
  }
  return { wires, refused: refused.counts }
}

/** How each has ended by now. */
function endsOf(wires) {
  const tally = new Tally()
  for (const wire of wires) {
    tally.add(wire.isOver ? wire.end : 'stays')
    wire.destroy()
  }
  return tally.counts
}

/** Sockets that have shaken hands and say nothing more, from as many addresses as it takes, until all are closed or time is over. */
export async function idle(port, { count, seconds, perAddress }) {
  const address = (n) =>
    `198.51.${Math.floor(n / perAddress / 250)}.${1 + (Math.floor(n / perAddress) % 250)}`
  const until = performance.now() + seconds * 1000
  const { wires, refused } = await gather(port, count, (n) => ({
    headers: { 'x-forwarded-for': address(n) },
  }))
  await pause(Math.max(0, until - performance.now()))
  return { ends: endsOf(wires), refused, opened: wires.length }
}

/** As many from one address as it likes, which say who they are. */
export async function oneAddress(port, { count, address }) {
  const { wires } = await gather(port, count, () => ({ headers: { 'x-forwarded-for': address } }))
  for (const wire of wires) wire.send(CONNECT)
  await pause(500)
  return { ends: endsOf(wires) }
}

/** Sockets that are only opened. */
export async function silent(port, { count, seconds }) {
  const wires = []
  for (let n = 0; n < count; n++) {
    wires.push(new Wire(port))
    // More at once would wait for Linux to let them in, and think that they are.
    if (n % 50 === 49) await pause(50)
  }
  await Promise.race([Promise.all(wires.map(({ ended }) => ended)), pause(seconds * 1000)])
  return { ends: endsOf(wires) }
}

const subscriptions = (wire, channels) =>
  text(`[${channels.map((n) => `{"id":${n + 10},"subscribe":{"channel":"chat:s${wire}.${n}"}}`).join()}]`)
const numbers = (from, count) => Array.from({ length: count }, (_, n) => from + n)

/** Counts replies, however many a frame has. */
function counting(wire, tally) {
  wire.onText = (payload) => {
    const said = payload.toString('latin1')
    if (said.includes('"subscribed"')) tally.add('subscribed')
    else tally.add(/"code":(\d+)/.exec(said)?.[1] ?? 'other')
  }
}

/** One who subscribes to a hundred thousand channels. */
export async function subscriber(port, { count }) {
  const [wire, replies] = [await open(port), new Tally()]
  wire.send(CONNECT)
  counting(wire, replies)
  for (let n = 0; n < count && !wire.isOver; n += 100) {
    await wire.pour(subscriptions(0, numbers(n, 100)))
    await pause(1)
  }
  await Promise.race([wire.ended, pause(1000)])
  return { ends: endsOf([wire]), replies: replies.counts }
}

/** Many, who together subscribe to as many as each may, evenly over some seconds. */
export async function subscribers(port, { clients, each, seconds }) {
  const [replies, batch] = [new Tally(), 50]
  const wires = await Promise.all(
    numbers(0, clients).map(async () => {
      const wire = await open(port)
      wire.send(CONNECT)
      counting(wire, replies)
      return wire
    }),
  )
  const begun = performance.now()
  const batches = (clients * each) / batch
  for (let n = 0; n < batches; n++) {
    wires[n % clients].send(subscriptions(n % clients, numbers(Math.floor(n / clients) * batch, batch)))
    await pause(Math.max(0, begun + ((n + 1) * seconds * 1000) / batches - performance.now()))
  }
  while (replies.counts.subscribed < clients * each && performance.now() < begun + seconds * 4000)
    await pause(50)
  return { ends: endsOf(wires), replies: replies.counts }
}

/** Clients that end their half of the connection and leave the other open. */
export async function halfOpen(port, { count, seconds }) {
  const { wires } = await gather(port, count)
  for (const { socket } of wires) {
    socket.allowHalfOpen = true
    socket.write(CONNECT)
    socket.end()
  }
  await pause(seconds * 1000)
  return { ends: endsOf(wires) }
}

/** Clients that subscribe, ask for much, and read nothing, not even pings. What they were told nobody knows: they did not read it. */
export async function neverReading(port, { count, seconds, channel }) {
  const { wires } = await gather(port, count)
  const asking = text(`[${Array(20).fill(`{"id":7,"history":{"channel":"${channel}","limit":256}}`).join()}]`)
  for (const wire of wires) {
    wire.stall()
    wire.send(CONNECT)
    wire.send(text(`{"id":2,"subscribe":{"channel":"${channel}"}}`))
    wire.send(asking)
  }
  await pause(seconds * 1000)
  for (const wire of wires) wire.destroy()
  return {}
}
