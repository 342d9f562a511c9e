/** A server whose users command each other, to be killed: `node device-server.mjs BROKER PORT`. Says `listening PORT` when it is ready. */
import { call, createServer, defineApi } from '@millrace/server'

const [broker, port] = process.argv.slice(2)
const server = createServer({
  api: defineApi({
    calls: {
      'valve.set': call({ timeout: '5s', wait: { ttl: '10m' } }),
      'valve.read': call({ timeout: '5s' }),
    },
  }),
  auth: ({ token }) => ({ id: String(token) }),
  broker,
  heartbeat: '400ms',
  patience: '400ms',
})
server.relay('valve.set', () => true)
server.relay('valve.read', () => true)
const address = await server.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`listening ${address.port}`)
