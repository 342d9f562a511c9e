/** uWebSockets: topics and `app.publish`, which batches what is published in one turn of the event loop. */
import { createRequire } from 'node:module'
import { announce } from './control.js'

/** What is used of the package's interface; it lives outside the workspaces, so its types may be absent. */
interface Uws {
  App(): App
  us_socket_local_port(socket: object): number
  readonly DISABLED: number
}
interface App {
  ws(path: string, behavior: object): App
  publish(topic: string, message: ArrayBuffer, isBinary: boolean): boolean
  listen(host: string, port: number, callback: (socket: object | false) => void): App
}
interface Socket {
  subscribe(topic: string): boolean
  send(message: ArrayBuffer, isBinary: boolean): number
}

const PACKAGE = '@trufflesuite/uws-js-unofficial'
const TOPIC = 'fan-out'
const require = createRequire(new URL('../../../peers/', import.meta.url))
const uws = require(PACKAGE) as Uws
const { version } = require(`${PACKAGE}/package.json`) as { version: string }

/** Above what can be outstanding, so that nothing is dropped: publications beyond it would be (64 KB by default). */
const MAX_BACKPRESSURE = 16 * 1024 * 1024
const common = { compression: uws.DISABLED, maxBackpressure: MAX_BACKPRESSURE }

const app = uws.App()
app.ws('/subscriber', { ...common, open: (socket: Socket) => void socket.subscribe(TOPIC) })
app.ws('/publisher', {
  ...common,
  message: (_: Socket, message: ArrayBuffer) => void app.publish(TOPIC, message, false),
})
app.ws('/echo', {
  ...common,
  message: (socket: Socket, message: ArrayBuffer) => void socket.send(message, false),
})
app.listen('127.0.0.1', 0, (listening) => {
  if (listening === false) throw new Error('uWebSockets could not listen')
  announce({
    port: uws.us_socket_local_port(listening),
    version: `uWebSockets.js ${version}`,
    settings: ['compression: DISABLED', 'maxBackpressure: 16 MB'],
  })
})
