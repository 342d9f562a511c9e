/** `ws`: a loop over the subscribers with one buffer and its own `send`, as its README broadcasts. */
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { announce } from './control.js'

const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string }
const TEXT = { binary: false }
const subscribers = new Set<WebSocket>()

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('listening', () =>
  announce({ port: (server.address() as AddressInfo).port, version: `ws ${version}` }),
)
server.on('connection', (socket, request) => {
  // Resets are how the generator ends its connections.
  socket.on('error', () => {})
  switch (request.url) {
    case '/subscriber':
      subscribers.add(socket)
      socket.on('close', () => subscribers.delete(socket))
      break
    case '/publisher':
      socket.on('message', (data) => {
        for (const subscriber of subscribers) {
          if (subscriber.readyState === subscriber.OPEN) subscriber.send(data, TEXT)
        }
      })
      break
    default:
      socket.on('message', (data) => socket.send(data, TEXT))
  }
})
