/** What many are told because one says it. */
import { audience, connected } from './clients.mjs'
import { pause, Tally, text, traffic } from './wire.mjs'

const BEAT = 50

/** Has each of the clients say so many things a second for some seconds. Counts how they ended, and what they were told by the codes. */
async function attack(clients, { rate, seconds }, says) {
  const before = traffic()
  const begun = performance.now()
  let said = 0
  for (; performance.now() < begun + seconds * 1000; await pause(BEAT)) {
    const due = ((performance.now() - begun) / 1000) * rate
    // A client that is behind says no more than in a second.
    for (let n = Math.max(said, Math.floor(due - rate)); n < due; n++)
      for (const [by, { wire }] of clients.entries()) wire.send(text(says(by, n)))
    said = Math.ceil(due)
  }
  const { received } = traffic()
  const [ends, codes] = [new Tally(), {}]
  for (const { wire, codes: own } of clients) {
    ends.add(wire.isOver ? wire.end : 'stays')
    for (const [code, count] of Object.entries(own.counts)) codes[code] = (codes[code] ?? 0) + count
  }
  return { ends: ends.counts, codes, megabytes: Math.round((received - before.received) / 2 ** 20) }
}

const gather = (port, count) => Promise.all(Array.from({ length: count }, () => connected(port)))

/** Clients that publish as fast as they may into one channel that others read, or each into one of its own that they read too. */
export async function criers(port, { clients: count, readers, rate, size, seconds }, ready) {
  const heard = await audience(port, {
    count: readers,
    says: '{"id":2,"subscribe":{"channel":"chat:square"}}',
  })
  const data = 'x'.repeat(size)
  const clients = await gather(port, count)
  await ready()
  const outcome = await attack(
    clients,
    { rate, seconds },
    (_, n) => `{"id":1${n},"publish":{"channel":"chat:square","data":"${data}"}}`,
  )
  return { ...outcome, audience: heard() }
}

/** Clients that ask again and again who of a thousand is there. */
export async function askers(port, { clients: count, members, rate, seconds }, ready) {
  const heard = await audience(port, {
    count: members,
    says: '{"id":2,"subscribe":{"channel":"crowd:square","data":"member $n of a crowd"}}',
  })
  const clients = await gather(port, count)
  await ready()
  const asks = (_, n) => `{"id":1${n},"presence":{"channel":"crowd:square"}}`
  return { ...(await attack(clients, { rate, seconds }, asks)), audience: heard() }
}
