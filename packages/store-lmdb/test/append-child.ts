/** Appends with many under way until it is killed, and prints each acknowledgement once it has it. Arguments: folder, round. */
import { CHANNELS, COUNTER, STATES, say, systemBroker } from './child-parts.js'

const [folder = '', round = ''] = process.argv.slice(2)
const IN_FLIGHT = 96

const broker = systemBroker(folder)
await broker.start({
  publication: (channel, _epoch, { offset, key = '' }) => say(`heard ${channel} ${offset} ${key}`),
  ephemeral: () => {},
  presence: () => {},
  interrupted: () => {},
})
for (const channel of [...Object.keys(CHANNELS), ...Object.keys(STATES)]) await broker.join(channel)

let count = 0
async function publishForEver(
  channel: string,
  keep: { readonly size: number; readonly ttl: number },
): Promise<void> {
  for (;;) {
    const id = `${round}-${count++}`
    const data = { codec: 'json' as const, text: JSON.stringify(`${id} ${'x'.repeat(count % 300)}`) }
    const { epoch, offset } = await broker.append(channel, { id, data }, keep)
    say(`stored ${channel} ${offset} ${id} ${epoch}`)
  }
}

async function changeForEver(
  channel: string,
  { keep, keys }: (typeof STATES)['s:all' | 's:few'],
): Promise<void> {
  for (;;) {
    const key = `k${Math.floor(Math.random() * keys)}`
    const removed = Math.random() < 0.2 ? ({ removed: true } as const) : {}
    const data = { codec: 'json' as const, text: JSON.stringify(`${key} ${'x'.repeat(count++ % 300)}`) }
    const { epoch, offset } = await broker.append(channel, { key, data, ...removed }, keep)
    say(`changed ${channel} ${offset} ${key} ${epoch}`)
  }
}

async function countForEver({ channel, keep }: typeof COUNTER): Promise<void> {
  for (;;) {
    const { publications } = await broker.read(channel, { before: Number.MAX_SAFE_INTEGER, limit: 1 }, keep)
    const [last] = publications
    const value = last !== undefined && 'text' in last.data ? Number(last.data.text) : 0
    const data = { codec: 'json' as const, text: `${value + 1}` }
    const next = { key: 'n', expect: last?.offset ?? 0, data }
    const { offset, skipped } = await broker.append(channel, next, keep)
    if (skipped === undefined) say(`counted ${channel} ${offset} ${value + 1}`)
  }
}

say('started')
const channels = Object.entries(CHANNELS)
const states = Object.entries(STATES)
for (let n = 0; n < 16; n++) for (const [channel, state] of states) void changeForEver(channel, state)
for (let n = 0; n < 8; n++) void countForEver(COUNTER)
await Promise.all(
  Array.from({ length: IN_FLIGHT / channels.length }, () =>
    Promise.all(channels.map(([channel, keep]) => publishForEver(channel, keep))),
  ),
)
