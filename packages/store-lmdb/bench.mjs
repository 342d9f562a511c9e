/**
 * Acknowledged appends a second, each flushed to disk: `node packages/store-lmdb/bench.mjs [folder]` after a build.
 * The folder's disk is what is measured; by default it is one under the system's temporary folder.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { LmdbBroker } from './dist/index.js'

const SECONDS = 5
/** Ordinary streams, and states of 100 keys each. */
const KINDS = {
  stream: { channels: channels('bench'), keep: { size: 256, ttl: 600_000 }, more: () => ({}) },
  state: {
    channels: channels('state'),
    keep: { size: 10_000, ttl: 86_400_000, latest: true },
    more: (n) => ({ key: `key-${(n * 7) % 100}` }),
  },
}
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

function channels(name) {
  return Array.from({ length: 16 }, (_, n) => `${name}:${n}`)
}

let number = 0
/** So many appends are under way at any moment. Every one has an id of its own, as a client's publish has. */
async function run(inFlight, kind) {
  const { channels, keep, more } = KINDS[kind]
  const flushes = broker.stats.flushes
  const cpu = process.cpuUsage()
  const begun = performance.now()
  const waits = []
  const publisher = async () => {
    while (performance.now() - begun < SECONDS * 1000) {
      const n = number++
      const at = performance.now()
      const publication = { id: `bench-id-${n}`, data: DATA, ...more(n) }
      await broker.append(channels[n % channels.length], publication, keep)
      waits.push(performance.now() - at)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, publisher))
  const seconds = (performance.now() - begun) / 1000
  const { user, system } = process.cpuUsage(cpu)
  waits.sort((a, b) => a - b)
  return {
    kind,
    'in flight': inFlight,
    'appends/s': Math.round(waits.length / seconds),
    'appends/flush': Number((waits.length / (broker.stats.flushes - flushes)).toFixed(1)),
    'median ms': Number(waits[Math.floor(waits.length / 2)].toFixed(2)),
    'p99 ms': Number(waits[Math.floor(waits.length * 0.99)].toFixed(2)),
    'CPU µs/append': Number(((user + system) / waits.length).toFixed(1)),
  }
}

await run(64, 'stream') // To warm up.
await run(64, 'state')
const rows = []
for (const inFlight of [1, 64, 512])
  for (const kind of Object.keys(KINDS)) rows.push(await run(inFlight, kind))
console.table(rows)
await broker.close()
if (process.argv[2] === undefined) rmSync(folder, { recursive: true })
