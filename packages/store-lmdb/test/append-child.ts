/** Appends with many under way until it is killed, and prints each acknowledgement once it has it. Arguments: folder, round. */
import { CHANNELS, say, systemBroker } from './child-parts.js'

const [folder = '', round = ''] = process.argv.slice(2)
const IN_FLIGHT = 96

const broker = systemBroker(folder)
await broker.start({
  publication: (channel, _epoch, { offset }) => say(`heard ${channel} ${offset}`),
  ephemeral: () => {},
  presence: () => {},
  interrupted: () => {},
})
for (const channel of Object.keys(CHANNELS)) await broker.join(channel)

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
say('started')
const channels = Object.entries(CHANNELS)
await Promise.all(
  Array.from({ length: IN_FLIGHT / channels.length }, () =>
    Promise.all(channels.map(([channel, keep]) => publishForEver(channel, keep))),
  ),
)
