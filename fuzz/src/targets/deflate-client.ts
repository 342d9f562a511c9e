import { createHash } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { Connector } from '@millrace/server/websocket'
import { cutAt, latin1, toHex } from '../bytes.js'
import { Random, seedOf } from '../random.js'
import { hold, type Target } from '../target.js'
import { messageDeflater } from './deflate-server.js'
import { makeFrames, randomCuts } from './frame-maker.js'

const LIMIT = 20_000
const FAILURES = [1002, 1007, 1008, 1009]

/** Frames with permessage-deflate, through the whole of a client, over TCP on the loopback interface. */
export function deflateClientTarget(): Target {
  let scripted: Promise<Scripted> | undefined
  const connector = new Connector({
    deflate: { thresholdBytes: 0, serverContextTakeover: true },
    maxMessageBytes: LIMIT,
    maxInflatedBytes: LIMIT,
    maxFrameBytes: LIMIT,
  })

  const listen = async (chunks: readonly Uint8Array[]): Promise<string[]> => {
    scripted ??= startScripted()
    const { url, queue } = await scripted
    const events: string[] = []
    queue.push(chunks)
    await new Promise<void>((resolve, reject) => {
      const opening = connector.connect(url, {
        onMessage: (_link, kind, bytes) => {
          events.push(`${kind} ${toHex(bytes)}`)
          hold(bytes.byteLength <= LIMIT, `a message of ${bytes.byteLength} octets`)
        },
        onPong: (_link, payload) => void events.push(`pong ${toHex(payload)}`),
        // budget: LinkHandler's signature
        onClose: (_link, code, _reason, wasClean) => {
          events.push(`${wasClean ? 'close' : 'end'} ${code}`)
          resolve()
        },
      })
      opening.catch(reject)
    })
    return events
  }

  return {
    name: 'frames-client-deflate',
    about: 'frames with permessage-deflate, read by a client',
    make: (random) => makeFrames(random, { masked: false, deflate: messageDeflater() }),
    run: async (input) => {
      const whole = await listen([input.slice()])
      const cut = await listen(cutAt(input, randomCuts(input.byteLength, new Random(seedOf(input)))))
      hold(whole.join() === cut.join(), `whole: ${brief(whole)}, cut: ${brief(cut)}`)
      const last = whole.at(-1) ?? ''
      const code = Number(last.split(' ')[1])
      hold(/^close/.test(last) || code === 1006 || FAILURES.includes(code), `ended with ${last}`)
      return brief(whole).replaceAll(/[0-9a-f]{5,}/g, 'x')
    },
    close: async () => {
      const running = await scripted
      running?.server.close()
    },
  }
}

interface Scripted {
  readonly server: Server
  readonly url: string
  /** What to send on the next connection, behind the handshake. */
  readonly queue: (readonly Uint8Array[])[]
}

async function startScripted(): Promise<Scripted> {
  const queue: (readonly Uint8Array[])[] = []
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) =>
    serve(socket, queue.shift() ?? []),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, url: `ws://127.0.0.1:${port}/`, queue }
}

function serve(socket: Socket, chunks: readonly Uint8Array[]): void {
  socket.on('error', () => {})
  socket.once('data', (request: Buffer) => {
    const key = /sec-websocket-key: (\S+)/i.exec(latin1(request))?.[1] ?? ''
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n`,
    )
    for (const chunk of chunks) socket.write(chunk)
    socket.end()
  })
}

function brief(events: readonly string[]): string {
  return events
    .slice(-4)
    .map((event) => event.slice(0, 24))
    .join(', ')
}
