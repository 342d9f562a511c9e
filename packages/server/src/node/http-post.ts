/** HTTP requests to backends, by the platform's fetch. */
import type { Post, PostAnswer, PostRequest } from '../backend/index.js'

/** The platform's, or one of the application's own, such as one with client certificates or through a proxy. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Sends requests by `fetch`. */
export function httpPost(fetch: Fetch, userAgent: string): Post {
  return (request) => {
    const aborter = new AbortController()
    const { signal } = aborter
    // Whatever fetch makes of the signal, who cancels waits no longer.
    const cancelled = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(new Error('given up')), { once: true })
    })
    const answer = Promise.race([send(request, { fetch, userAgent, signal }), cancelled])
    return { answer, cancel: () => aborter.abort() }
  }
}

interface How {
  readonly fetch: Fetch
  readonly userAgent: string
  readonly signal: AbortSignal
}

async function send(
  { url, headers, body, maxAnswer }: PostRequest,
  { fetch, userAgent, signal }: How,
): Promise<PostAnswer> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: 'application/json',
        'user-agent': userAgent,
      },
      body,
      redirect: 'manual',
      signal,
    })
    const { status } = response
    const retryAfter = readRetryAfter(response.headers.get('retry-after'))
    return { status, text: await textOf(response, maxAnswer), retryAfter }
  } catch (error) {
    throw new Error(reasonOf(error))
  }
}

/** The body, or undefined when it is longer or no UTF-8: then the rest is not read. */
async function textOf({ body }: Response, most: number): Promise<string | undefined> {
  if (body === null) return ''
  const chunks: Uint8Array[] = []
  let size = 0
  // To leave the loop is to cancel the body.
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    size += chunk.length
    if (size > most) return undefined
    chunks.push(chunk)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks))
  } catch {
    return undefined
  }
}

/** RFC 9110 §10.2.3: seconds, or a date. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined
}

/** What fetch says is that it failed; why is below, as a code of the system's or of undici's. */
function reasonOf(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as NodeJS.ErrnoException
    if (typeof code === 'string') return `no connection: ${code}`
  }
  // Messages quote what was sent, such as a header that is not allowed.
  return `no connection: ${error instanceof Error ? error.name : 'fetch failed'}`
}
