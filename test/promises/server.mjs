/** A server in a process of its own, to be killed: `node server.mjs BROKER PORT`. Says `listening PORT` when it is ready. */
import { channel, createServer, defineApi } from '@millrace/server'
import * as z from 'zod'

const [broker, port] = process.argv.slice(2)
const api = defineApi({
  channels: {
    'room:{name}': channel({ publish: 'anyone', history: { size: 10_000 }, presence: z.string() }),
  },
})
const server = createServer({ api, broker, heartbeat: '400ms', patience: '400ms' })
const address = await server.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`listening ${address.port}`)
