/** A reader that follows like any other, and then reads nothing any more, though its connection stands. */
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { MEANING } from '../../generator/dialect.js'
import { type DialectName, dialectNamed } from '../../generator/dialects.js'

export interface StalledReader {
  /** Reads nothing from now on. Gives the port of its end. */
  stall(): number
  leave(): void
}

export function joinStalled(port: number, name: DialectName): Promise<StalledReader> {
  const dialect = dialectNamed(name)
  const transport = connect({ port, host: '127.0.0.1' })
  const url = `ws://127.0.0.1:${port}${dialect.path('subscriber')}`
  const socket = new WebSocket(url, dialect.subprotocol === undefined ? [] : [dialect.subprotocol], {
    createConnection: () => transport,
    perMessageDeflate: false,
  })
  const say = (text: string | undefined): void => {
    if (text !== undefined) socket.send(text)
  }
  return new Promise((resolve, reject) => {
    const ready = (): void =>
      resolve({
        stall() {
          transport.pause()
          return transport.localPort ?? 0
        },
        leave: () => socket.terminate(),
      })
    socket.on('error', reject)
    socket.on('open', () => {
      say(dialect.hello?.('subscriber'))
      if (dialect.readyAtOnce) ready()
    })
    socket.on('message', (data) => {
      const bytes = data as Buffer
      const meaning = dialect.inspect(bytes, 0, Math.min(bytes.length, dialect.peek))
      if (meaning === MEANING.greeting) say(dialect.greeting?.('subscriber'))
      if (meaning === MEANING.heartbeat) say(dialect.pong)
      if (meaning === MEANING.ready) ready()
    })
  })
}
