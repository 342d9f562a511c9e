/** `ws`: a loop over the subscribers with one buffer and its own `send`, as its README broadcasts. */
import { once } from 'node:events'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { obey } from '../../common/obey.js'
import { feeding } from './feed.js'

const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string }
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false })
server.on('connection', (socket) => socket.on('error', () => {}))
await once(server, 'listening')
await obey(
  { port: (server.address() as AddressInfo).port, version: `ws ${version}` },
  feeding({
    publish(message) {
      const data = Buffer.from(JSON.stringify(message))
      for (const client of server.clients) {
        if (client.readyState === client.OPEN) client.send(data, { binary: false })
      }
    },
    waiting: () => Math.max(0, ...[...server.clients].map(({ bufferedAmount }) => bufferedAmount)),
  }),
)
