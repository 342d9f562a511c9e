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
const KEEP = { size: 1_000, ttl: 60_000 }
const [url = `redis://127.0.0.1:${PORT}`, seconds = '5'] = process.argv.slice(2)

const nothing = () => {}
const listener = { publication: nothing, ephemeral: nothing, presence: nothing, interrupted: nothing }
const text = JSON.stringify('x'.repeat(98))

async function measure(broker, inFlight) {
  const end = performance.now() + Number(seconds) * 1_000
  const channel = `bench:${randomBytes(6).toString('hex')}`
  let count = 0
  const publisher = async (publisher) => {
    for (let n = 0; performance.now() < end; n++) {
      await broker.append(channel, { id: `${publisher}.${n}`, data: { codec: 'json', text } }, KEEP)
      count++
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
    const before = process.cpuUsage()
    const rate = await measure(broker, inFlight)
    const { user, system } = process.cpuUsage(before)
    const cpu = (user + system) / (rate * Number(seconds))
    console.log(
      `${inFlight} in flight: ${Math.round(rate)} appends/s, ${cpu.toFixed(1)} µs of CPU each in this process`,
    )
  }
} finally {
  await broker.close()
  redis?.kill()
}
