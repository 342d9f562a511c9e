import type { RequestPorts } from '../fallback/index.js'

/** Requests by `fetch`, to paths below the endpoint's. Cookies go along, as they do with a WebSocket. */
export const fetchRequests = (url: string): RequestPorts['post'] => {
  const base = new URL(url.replace(/^ws/, 'http'))
  return (kind, body) => {
    const aborter = new AbortController()
    const target = new URL(base)
    target.pathname = `${base.pathname.replace(/\/$/, '')}/${kind}`
    const answer = fetch(target, {
      method: 'POST',
      body,
      // The one type that needs no preflight and tells no proxy more than it must know.
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      credentials: 'include',
      cache: 'no-store',
      // What is said here is for this server and for nobody else.
      redirect: 'error',
      // What says goodbye may outlive its page, if it is short: Fetch standard §4.6 allows 64 KiB.
      keepalive: kind === 'close' && body.length < MOST_KEPT_ALIVE,
      signal: aborter.signal,
    }).then(({ status, headers, body }) => {
      const isEvents = /^text\/event-stream\b/i.test(headers.get('content-type') ?? '')
      const isRead = status === 200 && isEvents && (kind === 'poll' || kind === 'stream')
      // What nobody reads would keep its connection from being used again.
      if (!isRead) body?.cancel().catch(() => {})
      return { status, isEvents, pieces: piecesOf(isRead ? body : null) }
    })
    return { answer, abort: () => aborter.abort() }
  }
}

/** In characters, of which each takes three bytes at most. */
const MOST_KEPT_ALIVE = 20_000

async function* piecesOf(body: ReadableStream<Uint8Array> | null): AsyncGenerator<string> {
  if (body === null) return
  // Not by `for await`: not every browser has it.
  const reader = body.getReader()
  const decoder = new TextDecoder()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    yield decoder.decode(value, { stream: true })
  }
}
