import { createServer, type Server, type ServerResponse } from 'node:http'
import { PAGE_HEADERS } from './headers.js'
import type { Handler } from './static-files.js'

/** An HTTP server that asks each handler in turn. Nothing listens yet. */
export function createSite(handlers: readonly Handler[]): Server {
  return createServer((request, response) => {
    if (!handlers.some((handle) => handle(request, response))) notFound(response)
  })
}

function notFound(response: ServerResponse): void {
  response.writeHead(404, { ...PAGE_HEADERS, 'content-type': 'text/html; charset=utf-8' })
  response.end(
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>Not found</title>' +
      '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">' +
      '<h1>Not found</h1><p>There is no page here. <a href="/">Go to the start</a></p></html>\n',
  )
}

/** Listens, and gives the port that was chosen. Rejects with the system's error, `EADDRINUSE` for a taken port. */
export function listen(server: Server, { port, host }: { port: number; host: string }): Promise<number> {
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
 * path that none of them has. This does, with 404, so that the client need not wait for a timeout.
 */
export function refuseOtherUpgrades(server: Server, paths: readonly string[]): void {
  server.on('upgrade', ({ url = '' }, socket) => {
    if (paths.includes(url.split('?', 1)[0] ?? '')) return
    socket.on('error', () => {})
    socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')
  })
}
