import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as NetServer } from 'node:net'
import { admitSockets, type SocketDoor } from './accepted-sockets.js'
import { beginInTurns } from './begin-in-turns.js'
import { createHttpServer, type HttpLimits } from './http-server.js'
import type { HttpServerLike } from './http-server-like.js'

/** Answers what nothing else has answered. Of HTTP/2 it is told by the same interface. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that is not somebody else's. */
export interface OwnServer {
  readonly server: HttpServerLike
  /** With TLS: takes up the certificate anew. Rejects with what is wrong with it; then the one before stays in use. */
  readonly reload?: () => Promise<void>
  /** Makes each answer the last on its connection, or who asks again and again would keep the server up. */
  drain(): void
  /** Stops listening. Resolves when the last connection has ended. */
  close(): Promise<void>
}

/** A server without TLS, on which `door` lets people in. */
export function plainServer(
  limits: HttpLimits,
  door: SocketDoor,
  answer: Answer,
): OwnServer & { readonly server: Server } {
  const server = createHttpServer(limits, answer)
  // What comes first is asked last: a socket is let in, and begins in its turn.
  const endEarly = beginInTurns(server, limits.headersWithin)
  admitSockets(server, door)
  return {
    server,
    drain() {
      server.maxRequestsPerSocket = 1
    },
    close() {
      endEarly()
      return stopped(server)
    },
  }
}

/** Listens. Rejects when the port is taken, with what to do, and otherwise with the system's error. */
export function listening(server: NetServer, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const message = `Port ${port} is taken by another program: stop it, or listen on another port (0 finds a free one)`
      reject(Object.assign(new Error(message, { cause: error }), { code: error.code }))
    })
    server.listen(port, host, resolve)
  })
}

/** Stops listening. Resolves when the last connection has ended; at once for a server that did not listen. */
export const stopped = (server: NetServer): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
  })
