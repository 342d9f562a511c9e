/**
 * Acknowledged appends a second, each flushed to disk: `node packages/store-lmdb/bench.mjs [folder]` after a build.
 * The folder's disk is what is measured; by default it is one under the system's temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LmdbBroker } from './dist/index.js'

const SECONDS = 5
const KEEP = { size: 256, ttl: 600_000 }
const CHANNELS = Array.from({ length: 16 }, (_, n) => `bench:${n}`)
const DATA = { codec: 'json', text: JSON.stringify('x'.repeat(98)) }

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'millrace-bench-'))
const clock = {
  now: Date.now,
  schedule: (delay, task) => {
    const timer = setTimeout(task, delay)
    return () => clearTimeout(timer)
  },
}
const logger = { debug() {}, info() {}, warn: console.warn, error: console.error }
const broker = new LmdbBroker({ folder, clock, random: { id: () => crypto.randomUUID() }, logger })
await broker.start({ publication() {}, ephemeral() {}, presence() {}, interrupted() {} })

let number = 0
/** So many appends are under way at any moment. Every one has an id of its own, as a client's publish has. */
async function run(inFlight) {
  const flushes = broker.stats.flushes
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const waits = []
  const publisher = async () => {
    while (performance.now() - begun < SECONDS * 1000) {
      const n = number++
      const at = performance.now()
      await broker.append(CHANNELS[n % CHANNELS.length], { id: `bench-id-${n}`, data: DATA }, KEEP)
      waits.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publisher))
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(cpu)
  waits.sort((a, b) => a - b)
  return {
    'in flight': inFlight,
    'appends/s': Math.round(waits.length / seconds),
    'appends/flush': Number((waits.length / (broker.stats.flushes - flushes)).toFixed(1)),
    'median ms': Number(waits[Math.floor(waits.length / 2)].toFixed(2)),
    'p99 ms': Number(waits[Math.floor(waits.length * 0.99)].toFixed(2)),
    'CPU µs/append': Number(((user + system) / waits.length).toFixed(1)),
  }
}

await run(64) // To warm up.
const rows = []
for (const inFlight of [1, 64, 512]) rows.push(await run(inFlight))
console.table(rows)
await broker.close()
if (process.argv[2] === undefined) rmSync(folder, { recursive: true })
