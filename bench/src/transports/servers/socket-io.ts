/** Socket.IO: a room for each channel, an event named as the channel; default parser and in-memory adapter. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { obey, setup } from '../../common/obey.js'
import type { ServerSetup } from '../commands.js'
import { feeding } from './feed.js'

const { version } = createRequire(import.meta.url)('socket.io/package.json') as { version: string }
const transport = setup<ServerSetup>().transport === 'poll' ? 'polling' : 'websocket'

const http = createServer()
const io = new Server(http, { transports: [transport], serveClient: false })
io.on('connection', (socket) => socket.join(socket.handshake.auth['channels'] as string[]))
http.listen(0, '127.0.0.1')
await once(http, 'listening')
await obey(
  {
    port: (http.address() as AddressInfo).port,
    version: `Socket.IO ${version}`,
    settings: [`transports: ['${transport}']`, 'serveClient: false'],
  },
  feeding((channel, message) => io.to(channel).emit(channel, message)),
)
