/** A client in a process of its own, to be frozen: `node token-client.mjs URL LOGIN`. Says what it hears to its parent. */
import { createClient } from '@millrace/client'
import { WebSocket } from 'ws'

const [url, login] = process.argv.slice(2)
const client = createClient({
  url,
  webSocket: WebSocket,
  transports: ['websocket'],
  token: async ({ signal }) => (await fetch(login, { method: 'POST', signal })).text(),
})
const say = (what) => process.send(what)
client.on('state', ({ name, reason = '' }) => say({ state: name, reason }))
const room = client.channel('room:one')
room.on('message', (n) => say({ n }))
room.on('gap', (gap) => say({ gap }))
await room.subscribe()
say({ subscribed: client.session })
process.on('disconnect', () => process.exit())
