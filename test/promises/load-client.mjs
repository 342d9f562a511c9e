/** A client in a process of its own, to be frozen: `node load-client.mjs URL CHANNEL TRANSPORTS`. Says what it hears to its parent. */
import { createClient } from '@millrace/client'
import { WebSocket } from 'ws'

const [url, channel, transports] = process.argv.slice(2)
const client = createClient({
  url,
  webSocket: WebSocket,
  transports: transports.split(','),
  backoff: { base: 100, cap: 1000 },
})
const say = (what) => process.send(what)
client.on('state', ({ name, reason = '' }) => say({ state: name, reason }))
const room = client.channel(channel)
room.on('message', ({ n, at }) => say({ n, at, heardAt: Date.now() }))
room.on('gap', (gap) => say({ gap }))
await room.subscribe()
say({ subscribed: client.session })
process.on('disconnect', () => process.exit())
