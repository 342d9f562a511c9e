/** Socket.IO: a room and `io.to(room).emit`, default parser and in-memory adapter, websocket transport only. */
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { Server } from 'socket.io'
import { announce } from './control.js'

const { version } = createRequire(import.meta.url)('socket.io/package.json') as { version: string }
const ROOM = 'fan-out'

const http = createServer()
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false })
io.on('connection', (socket) => {
  switch (socket.handshake.auth['role']) {
    case 'subscriber':
      socket.join(ROOM)
      break
    case 'publisher':
      socket.on('publish', (data: string) => io.to(ROOM).emit('message', data))
      break
    default:
      socket.on('echo', (data: string) => socket.emit('echo', data))
  }
})
http.listen(0, '127.0.0.1', () => {
  announce({
    port: (http.address() as AddressInfo).port,
    version: `Socket.IO ${version}`,
    settings: ["transports: ['websocket']", 'serveClient: false'],
  })
})
