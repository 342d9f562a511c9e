/** The paths on which clients are tried, and what is to become of them on each. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Habits } from './nginx.js'

/** A path through a network, and what becomes of a client on it. */
export interface Network extends Habits {
  /** The transport a client ends up with, why, and within how many milliseconds it is connected at all. */
  readonly ends: 'websocket' | 'stream' | 'poll'
  readonly because: string | undefined
  readonly within: number
}

export const NETWORKS = {
  'nothing is in the way': { upgrades: 'pass', ends: 'websocket', because: undefined, within: 3000 },
  'upgrades are stripped': {
    ...{ upgrades: 'stripped', ends: 'stream', within: 3000 },
    because: 'No connection by WebSocket',
  },
  'upgrades are answered with a page': {
    ...{ upgrades: 'a page', ends: 'stream', within: 3000 },
    because: 'No connection by WebSocket',
  },
  'upgrades are accepted and carry nothing': {
    ...{ upgrades: 'silent', ends: 'stream', within: 5000 },
    because: 'No connection by WebSocket',
  },
  'responses are collected and compressed': {
    ...{ upgrades: 'stripped', buffers: true, ends: 'poll', within: 3000 },
    because: 'No connection by WebSocket or streaming',
  },
  'only POST passes': {
    ...{ upgrades: 'pass', onlyPost: true, ends: 'stream', within: 3000 },
    because: 'No connection by WebSocket',
  },
  'what is idle for three seconds is cut': {
    ...{ upgrades: 'pass', idle: '3s', ends: 'websocket', within: 3000 },
    because: undefined,
  },
  'upgrades are stripped, and what is idle for three seconds is cut': {
    ...{ upgrades: 'stripped', idle: '3s', ends: 'stream', within: 3000 },
    because: 'No connection by WebSocket',
  },
  'what waits for a second is cut': {
    ...{ upgrades: 'stripped', buffers: true, idle: '1200ms', ends: 'poll', within: 3000 },
    because: 'Slower refresh: the network cuts requests that wait',
  },
} as const satisfies { readonly [path: string]: Network }
export type Path = keyof typeof NETWORKS
export const PATHS = Object.keys(NETWORKS) as Path[]
/** There a client polls every three seconds. */
export const IMPATIENT = 'what waits for a second is cut' satisfies Path

/** Takes upgrades as a server would, and says nothing ever after. RFC 6455 §4.2.2. */
export async function startSilent() {
  const server = createServer()
  server.on('upgrade', ({ headers }, socket) => {
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash('sha1').update(key).digest('base64')
    socket.on('error', () => {})
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: millrace.json\r\n\r\n`,
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server, port: (server.address() as AddressInfo).port }
}
