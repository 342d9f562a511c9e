/** Socket.IO: a room for each channel, joined by whoever connects; with connection state recovery when asked. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { obey, setup } from '../../common/obey.js'
import { publishing } from './series.js'

const { version } = createRequire(import.meta.url)('socket.io/package.json') as { version: string }
/** For how long Socket.IO's documentation keeps a session in its example. */
const KEPT = 2 * 60 * 1000

const { recovers = false } = setup<{ readonly recovers?: boolean }>()
const http = createServer()
const io = new Server(http, recovers ? { connectionStateRecovery: { maxDisconnectionDuration: KEPT } } : {})
io.on('connection', (socket) => socket.join(socket.handshake.auth['channel'] as string))
http.listen(0, '127.0.0.1')
await once(http, 'listening')
await obey(
  {
    port: (http.address() as AddressInfo).port,
    version: `Socket.IO ${version}`,
    settings: recovers ? ['connectionStateRecovery: { maxDisconnectionDuration: 2 minutes }'] : [],
  },
  publishing((channel, message) => io.to(channel).emit('message', message)),
)
