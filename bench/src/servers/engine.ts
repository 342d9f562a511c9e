/** Millrace's WebSocket engine alone: one shared frame per broadcast, `sendFrame` to every subscriber. */
import { VERSION } from '@millrace/server'
import { createWebSocketServer, shareFrame, type WebSocketLink } from '@millrace/server/websocket'
import { announce } from './control.js'

const subscribers = new Set<WebSocketLink>()

const server = createWebSocketServer({
  handler: {
    onOpen: (link, { url }) => {
      link.data = url
      if (url === '/subscriber') subscribers.add(link)
    },
    onMessage: (link, kind, bytes) => {
      if (link.data !== '/publisher') {
        link.send(kind, bytes)
        return
      }
      const frame = shareFrame(kind, bytes)
      for (const subscriber of subscribers) subscriber.sendFrame(frame)
    },
    onClose: (link) => void subscribers.delete(link),
  },
})
announce({ port: await server.listen(0, '127.0.0.1'), version: `Millrace engine ${VERSION}` })
