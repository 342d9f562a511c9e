/** Socket.IO: a room, default parser and in-memory adapter, websocket transport only. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { obey } from '../../common/obey.js'
import { feeding } from './feed.js'

const { version } = createRequire(import.meta.url)('socket.io/package.json') as { version: string }
const ROOM = 'fan-out'
/** What engine.io keeps for a connection beside its WebSocket, of which its types say nothing. */
interface Connection {
  readonly writeBuffer: readonly { readonly data?: unknown }[]
  readonly transport: { readonly socket?: { readonly bufferedAmount?: number } }
}

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
io.on('connection', (socket) => socket.join(ROOM))
http.listen(0, '127.0.0.1')
await once(http, 'listening')

function bytesFor({ conn }: { readonly conn: unknown }): number {
  const { writeBuffer, transport } = conn as Connection
  const queued = writeBuffer.reduce((sum, { data }) => sum + String(data ?? '').length, 0)
  return queued + (transport.socket?.bufferedAmount ?? 0)
}

await obey(
  { port: (http.address() as AddressInfo).port, version: `Socket.IO ${version}` },
  feeding({
    publish: (message) => void io.to(ROOM).emit('message', message),
    waiting: () => Math.max(0, ...[...io.sockets.sockets.values()].map(bytesFor)),
  }),
)
