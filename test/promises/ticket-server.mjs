/** A server in a process of its own, to be killed: `node ticket-server.mjs BROKER PORT`. Tokens are users. Says `listening PORT` when it is ready. */
import { channel, createServer, defineApi } from '@millrace/server'

const [broker, port] = process.argv.slice(2)
const api = defineApi({ channels: { 'room:{name}': channel() } })
const auth = ({ token }) => (token === undefined ? null : { id: token })
const server = createServer({ api, broker, auth })
const address = await server.listen({ port: Number(port), host: '127.0.0.1' })
console.log(`listening ${address.port}`)
