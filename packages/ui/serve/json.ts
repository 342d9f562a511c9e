import type { IncomingMessage, ServerResponse } from 'node:http'
import { DATA_HEADERS } from './headers.js'

/** Refuses a request, with a status and a sentence for the person who reads it. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** The most an endpoint of ours is ever sent. */
const BODY_LIMIT = 8 * 1024

/**
 * Reads a JSON body. A page of another site can send a form or plain text without asking, but not JSON: demanding the
 * type is half of the protection, the origin check the other. Throws HttpProblem with 403, 413, 415 or 400.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const { origin } = request.headers
  // Over HTTP/2 the host has another name. RFC 9113 §8.3.1.
  const host = request.headers[':authority'] ?? request.headers.host
  if (origin !== undefined && hostOf(origin) !== host) {
    throw new HttpProblem(403, `Requests from ${origin} are not allowed here`)
  }
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new HttpProblem(415, 'Send application/json')
  }
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > BODY_LIMIT) throw new HttpProblem(413, `The body is larger than ${BODY_LIMIT} bytes`)
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new HttpProblem(400, 'The body is not JSON')
  }
}

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host
  } catch {
    return undefined
  }
}

/** Answers with JSON that nobody keeps. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, {
      ...DATA_HEADERS,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
    })
    .end(JSON.stringify(body))
}
