/**
 * Acknowledged appends a second through one broker, at several numbers in flight:
 *
 *     npx tsc -b packages/broker-redis && node packages/broker-redis/bench.mjs [redis://host] [seconds]
 *
 * Without a URL it starts a redis-server of its own, without persistence.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { RedisBroker } from './dist/index.js'

const PORT = 16_399
const IN_FLIGHT = [1, 64, 512]
/** An ordinary stream, and a state of 100 keys. */
const KINDS = {
  stream: { keep: { size: 1_000, ttl: 60_000 }, more: () => ({}) },
  state: { keep: { size: 10_000, ttl: 86_400_000, latest: true }, more: (n) => ({ key: `key-${n % 100}` }) },
}
const [url = `redis://127.0.0.1:${PORT}`, seconds = '5'] = process.argv.slice(2)

const nothing = () => {}
const listener = { publication: nothing, ephemeral: nothing, presence: nothing, interrupted: nothing }
const text = JSON.stringify('x'.repeat(98))

async function measure(broker, inFlight, { keep, more }) {
  const end = performance.now() + Number(seconds) * 1_000
  const channel = `bench:${randomBytes(6).toString('hex')}`
  let count = 0
  const publisher = async (publisher) => {
    for (let n = 0; performance.now() < end; n++) {
      const publication = { id: `${publisher}.${n}`, data: { codec: 'json', text }, ...more(count++) }
      await broker.append(channel, publication, keep)
    }
  }
  const begun = performance.now()
  await Promise.all(Array.from({ length: inFlight }, (_, index) => publisher(index)))
  return (count / (performance.now() - begun)) * 1_000
}

const redis =
  process.argv[2] === undefined
    ? spawn('redis-server', ['--port', String(PORT), '--save', '', '--bind', '127.0.0.1'], {
        stdio: 'ignore',
      })
    : undefined
const broker = new RedisBroker({ url, prefix: 'millrace-bench:' })
try {
  await broker.start(listener)
  for (const inFlight of IN_FLIGHT) {
    for (const [kind, options] of Object.entries(KINDS)) {
      const before = process.cpuUsage()
      const rate = await measure(broker, inFlight, options)
      const { user, system } = process.cpuUsage(before)
      const cpu = ((user + system) / (rate * Number(seconds))).toFixed(1)
      const appends = `${Math.round(rate)} appends/s to a ${kind}`
      console.log(`${inFlight} in flight: ${appends}, ${cpu} µs of CPU each in this process`)
    }
  }
} finally {
  await broker.close()
  redis?.kill()
}
