/** Bun's own server: `Bun.serve` with its topics and `server.publish`. Runs under Bun only. */
import { announce } from './control.js'

/** What is used of Bun's interface. */
interface BunServer {
  readonly port: number
  upgrade(request: object, options: { data: string }): boolean
  publish(topic: string, message: string | Uint8Array): number
}
interface BunSocket {
  readonly data: string
  subscribe(topic: string): void
  send(message: string | Uint8Array): number
}
interface BunRuntime {
  readonly version: string
  serve(options: object): BunServer
}

const TOPIC = 'fan-out'
const { Bun } = globalThis as unknown as { Bun: BunRuntime }

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  fetch: (request: { readonly url: string }, own: BunServer) =>
    own.upgrade(request, { data: new URL(request.url).pathname })
      ? undefined
      : new Response('', { status: 400 }),
  websocket: {
    perMessageDeflate: false,
    open: (socket: BunSocket) => {
      if (socket.data === '/subscriber') socket.subscribe(TOPIC)
    },
    message: (socket: BunSocket, message: string | Uint8Array) => {
      if (socket.data === '/publisher') server.publish(TOPIC, message)
      else socket.send(message)
    },
  },
})
announce({ port: server.port, version: `Bun ${Bun.version}` })
