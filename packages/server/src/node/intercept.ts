import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Lets `take` have requests before the server's listeners; those it takes they do not see. */
export function intercept(
  server: EventEmitter,
  take: (request: IncomingMessage, response: ServerResponse) => boolean,
): () => void {
  const { emit } = server
  let isActive = true
  const intercepting: typeof emit = (type, ...args) => {
    if (isActive && type === 'request' && take(args[0], args[1])) return true
    return emit.call(server, type, ...args)
  }
  server.emit = intercepting
  // An HTTP/2 server has requests only for who listens to them.
  server.on('request', ignore)
  return () => {
    isActive = false
    server.off('request', ignore)
    // Others may have done the same since.
    if (server.emit === intercepting) server.emit = emit
  }
}

const ignore = (): void => {}
