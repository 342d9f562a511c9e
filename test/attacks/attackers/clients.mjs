/** Clients by hand: those that ask, and those that only read. */
import { CONNECT, open, pause, Tally, text, traffic } from './wire.mjs'

/** Milliseconds of silence after which nothing more is expected to come, and that it is waited for in all. */
const QUIET = 300
const PATIENCE = 20_000

/** Waits until nothing more comes to this process. */
export async function quiet() {
  const until = performance.now() + PATIENCE
  let [received, since] = [traffic().received, performance.now()]
  while (performance.now() < until && performance.now() < since + QUIET) {
    await pause(10)
    const now = traffic().received
    if (now !== received) [received, since] = [now, performance.now()]
  }
}

/**
 * One that has said who it is, and counts replies by their codes. One that takes `parts` is sent no more than it reads, which it says by
 * answering pings; others are closed where too much waits for them.
 */
export async function connected(port, { parts = false, ...options } = {}) {
  const [wire, codes] = [await open(port, options), new Tally()]
  wire.onText = (payload) => {
    const said = payload.toString('latin1', 0, 60)
    if (said.startsWith('{"ping"')) wire.send(text('{"pong":{}}'))
    else if (said.startsWith('{"id"')) codes.add(/"code":(\d+)/.exec(said)?.[1] ?? 'done')
  }
  wire.send(parts ? text('{"id":1,"connect":{"version":1,"parts":true}}') : CONNECT)
  return { wire, codes }
}

/**
 * Clients that say something and then only read. `$n` in what they say is the number of each. Resolves when all were answered, with what
 * tells how many have ended, and leaves with the others.
 */
export async function audience(port, { count, says }) {
  const all = []
  for (let n = 0; n < count; n += 50) {
    const some = Array.from({ length: Math.min(50, count - n) }, async (_, i) => {
      const { wire } = await connected(port)
      const told = new Promise((resolve) => (wire.onText = resolve))
      wire.send(text(says.replaceAll('$n', n + i)))
      await told
      wire.listens()
      all.push(wire)
    })
    await Promise.all(some)
  }
  await quiet()
  return () => {
    const left = all.filter(({ socket }) => socket.destroyed).length
    return { left, stayed: all.length - left }
  }
}
