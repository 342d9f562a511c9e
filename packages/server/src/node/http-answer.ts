import type { IncomingMessage, ServerResponse } from 'node:http'

/** Whether pages of this origin may connect. */
export type AllowOrigin = (
  origin: string,
  request: {
    readonly method: string
    readonly httpVersion: string
    readonly url: string
    readonly headers: IncomingMessage['headers']
  },
) => boolean

const TEXT = 'text/plain; charset=utf-8'
/** Of all that is held back by proxies, this is held back least; nginx is asked by its own header. */
export const EVENTS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
}
/** Nothing here is anybody's to keep or to change. RFC 9111 §5.2.2. */
export const PRIVATE = { 'cache-control': 'no-store, no-transform' }

/** Answers that a request failed, and why; one that is being answered already is cut. */
export function refuse(response: ServerResponse, status: number, reason: string): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(status, { 'content-type': TEXT, ...PRIVATE }).end(reason)
}

/**
 * Says to a page of another origin that it may read the answer. False, and the request is answered, when it may not. Fetch
 * standard §3.2.
 */
export function admitOrigin(
  { headers, httpVersion, method = '', url = '' }: IncomingMessage,
  response: ServerResponse,
  allowOrigin: AllowOrigin,
): boolean {
  const { origin } = headers
  if (origin === undefined) return true
  if (!allowOrigin(origin, { method, httpVersion, url, headers })) {
    refuse(response, 403, `Pages of ${origin} may not connect: see allowedOrigins\n`)
    return false
  }
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-allow-credentials', 'true')
  response.setHeader('vary', 'origin')
  return true
}

/** Fetch standard §3.2.3. The SDK's requests need none; those of others may. */
export function preflight(response: ServerResponse, methods: string): void {
  response
    .writeHead(204, {
      'access-control-allow-methods': methods,
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '7200',
    })
    .end()
}

/** A chunk of one byte takes a hundred: of so many, one is made. */
const MOST_CHUNKS = 256

/** The request's body; undefined when it is larger than it may be. Rejects when the request breaks. */
export function readBody(request: IncomingMessage, most: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > most) return resolve(undefined)
    let chunks: Buffer[] = []
    let size = 0
    // Not by iteration: leaving that early would end the connection, on which the answer is still to go.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > most) {
        chunks = []
        resolve(undefined)
      } else if (chunks.push(chunk) > MOST_CHUNKS) chunks = [Buffer.concat(chunks)]
    })
    request.on('end', () => resolve((chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))?.toString()))
    request.on('error', reject)
    // HTTP/2 tells of a broken request by this alone. Nearly always nothing is broken, and an error costs its stack.
    request.on('close', () => {
      if (!request.complete) reject(new Error('The request broke off'))
    })
  })
}

/** Whether nobody is there any more to be answered. Answers over HTTP/2 do not say so themselves; and of those who are gone Node does not know the address. */
export function isGone(response: ServerResponse): boolean {
  const { stream } = response as { readonly stream?: { readonly destroyed: boolean } }
  return stream?.destroyed ?? response.destroyed
}
