import type { EventEmitter } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'
import { DeadlineQueue } from './deadline-queue.js'

export interface HttpLimits {
  /** Bytes of a request's headers. Default Node's, 16 KiB. */
  readonly headers?: number | undefined
  /** Milliseconds within which the headers of a connection's first request must have come, and those of each other one once it has begun. */
  readonly headersWithin: number
  /** Milliseconds within which a request must have come whole. Default as `headersWithin`. */
  readonly requestWithin?: number | undefined
}

/** Makes an HTTP/1.1 server on which nobody can stay who says nothing, or says it byte by byte. Those it gives up get 408. */
export function createHttpServer(
  { headers, headersWithin, requestWithin = 0 }: HttpLimits,
  listener: RequestListener,
): Server {
  const server = createServer(
    {
      ...(headers === undefined ? {} : { maxHeaderSize: headers }),
      headersTimeout: headersWithin,
      // Node wants it to be no less.
      requestTimeout: Math.max(headersWithin, requestWithin),
      // Node looks for late requests only this often.
      connectionsCheckingInterval: Math.ceil(headersWithin / 4),
    },
    listener,
  )
  server.on('connection', endsSilent(headersWithin))
  answerWrong(server)
  return server
}

/**
 * Listens to connections, and ends those of which not a byte has come after so many milliseconds: Node's timeouts begin with the first byte of a
 * request. No timer per socket; and weakly held, or connections that come and go would stay in memory until their deadline.
 */
export function endsSilent(within: number): (socket: Socket) => void {
  const silent = new DeadlineQueue<WeakRef<Socket>>(within, endSilent)
  return (socket) => silent.add(new WeakRef(socket))
}

function endSilent(connected: WeakRef<Socket>): void {
  const socket = connected.deref()
  if (socket?.bytesRead === 0) socket.destroy()
}

/** How long what is said last may take to leave, in milliseconds. */
const LEAVES_WITHIN = 2_000
/** What node:http says of requests that are none, by the codes of its errors; of others of its parser it says 400. */
const SAID: Readonly<Record<string, string>> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
}

interface Speaking extends Socket {
  /** The answer that is under way, where there is one. Node's, for itself. */
  readonly _httpMessage?: { readonly headersSent: boolean } | null
}

/**
 * Answers what is no request as node:http does, and then reads on until the peer has it and leaves: Node cuts the connection in the same breath, so that
 * over TLS, while the end of the handshake is still on its way out, nothing arrives.
 */
export function answerWrong(server: EventEmitter): void {
  const answered = new WeakSet<Socket>()
  const leaving = new DeadlineQueue<Socket>(LEAVES_WITHIN, (socket) => socket.destroy())
  server.on('clientError', ({ code = '' }: NodeJS.ErrnoException, socket: Speaking) => {
    const said = SAID[code] ?? (code.startsWith('HPE_') ? '400 Bad Request' : undefined)
    // What else comes is as wrong.
    if (said !== undefined && answered.has(socket)) return
    if (said === undefined || !socket.writable || socket._httpMessage?.headersSent === true) {
      socket.destroy()
      return
    }
    answered.add(socket)
    leaving.add(socket)
    socket.on('error', () => {})
    socket.end(`HTTP/1.1 ${said}\r\nConnection: close\r\n\r\n`)
  })
}
