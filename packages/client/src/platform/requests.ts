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
      // What says goodbye may outlive its page.
      keepalive: kind === 'close',
      signal: aborter.signal,
    }).then(({ status, body }) => ({ status, pieces: piecesOf(body) }))
    return { answer, abort: () => aborter.abort() }
  }
}

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
