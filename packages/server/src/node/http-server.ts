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
