import type { EventEmitter } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { PAGE_HEADERS } from './headers.js'
import type { Handler } from './static-files.js'

/** Asks each handler in turn. */
export function answerWith(handlers: readonly Handler[]): RequestListener {
  return (request, response) => {
    if (!handlers.some((handle) => handle(request, response))) notFound(response)
  }
}

/** An HTTP server that asks each handler in turn. Nothing listens yet. */
export const createSite = (handlers: readonly Handler[]): Server => createServer(answerWith(handlers))

function notFound(response: ServerResponse): void {
  response.writeHead(404, { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' })
  response.end(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title>' +
      '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">' +
      '<h1>Not found</h1><p>There is no page here. <a href="/">Go to the start</a></p></html>\n',
  )
}

/** Listens, and gives the port that was chosen. Rejects with the system's error, `EADDRINUSE` for a taken port. */
export function listen(server: NetServer, { port, host }: { port: number; host: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      server.off('error', reject)
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
}

/** Stops listening and lets answers under way finish; idle connections are closed at once. */
export function stopListening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
}

/**
 * With several endpoints on one server each leaves the others' requests alone, so nobody would answer an upgrade to a
 * path that none of them has, nor an extended CONNECT over HTTP/2 (RFC 8441). This does, with 404, so that the client need not wait for a timeout.
 */
export function refuseOtherUpgrades(server: EventEmitter, paths: readonly string[]): void {
  const isKnown = (url = ''): boolean => paths.includes(url.split('?', 1)[0] ?? '')
  server.on('upgrade', ({ url }: IncomingMessage, socket: Duplex) => {
    if (isKnown(url)) return
    socket.on('error', () => {})
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
  server.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    if (headers[':protocol'] === undefined || isKnown(headers[':path'])) return
    stream.on('error', () => {})
    stream.respond({ ':status': 404 }, { endStream: true })
  })
}
