import {
  constants,
  createServer,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Headers, HttpHead } from '../wire/http1.js'
import type { Link, LinkHandler } from '../wire/link.js'
import type { Arrival, Listener, PlannedAnswer } from './arrival.js'
import { Inbox } from './inbox.js'
import { portOf } from './listen-http1.js'
import { Mismatch } from './mismatch.js'
import { encodePieces } from './peer.js'

interface Opened {
  readonly stream: ServerHttp2Stream
  readonly headers: IncomingHttpHeaders
}

/** A scripted server over HTTP/2 without TLS. Its HTTP/2 is node's; only what travels in it is judged. */
export async function listenH2(path: string, connects: boolean): Promise<Listener> {
  const streams = new Inbox<Opened>()
  const sessions = new Set<Http2Session>()
  const server = createServer({ settings: { enableConnectProtocol: connects } })
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    streams.put({ stream, headers })
  })
  return {
    url: `ws://127.0.0.1:${await portOf(server)}${path}`,
    accept: async (patience) => {
      const opened = await streams.take(patience)
      if (opened === undefined) throw new Mismatch('the client asks for a WebSocket', 'nothing in time')
      return arrivalOf(opened)
    },
    close: () => {
      for (const session of sessions) session.destroy()
      server.close()
    },
  }
}

function arrivalOf({ stream, headers }: Opened): Arrival {
  const fields: Headers = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one) => [name, one] as const),
  )
  const startLine = `${headers[':method']} ${headers[':path']} HTTP/2`
  const request: HttpHead = { startLine, headers: fields, rest: new Uint8Array(0) }
  const link = streamLink(stream)
  return {
    request,
    link,
    usualHeaders: () => [],
    respond: async (answer) => {
      const status = Number(/^HTTP\/\S+ (\d+)/.exec(answer.spec.statusLine ?? '')?.[1] ?? 200)
      // A refusal is whole at once, as Content-Length: 0 makes it over HTTP/1.1.
      stream.respond({ ':status': status, ...grouped(answer) }, { endStream: status > 299 })
      const units = encodePieces(answer.spec.behind ?? [], 'server')
      for (const unit of units) link.write(unit)
      return units
    },
    listen: (handler) => listen(stream, handler),
  }
}

/** node:http2 takes repeated fields as one list; names are lower case (RFC 9113 §8.2). */
function grouped({ headers }: PlannedAnswer): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const [name, value] of headers) {
    const key = name.toLowerCase()
    out[key] = [...(out[key] ?? []), value]
  }
  return out
}

function streamLink(stream: ServerHttp2Stream): Link {
  return {
    write: (bytes) => {
      if (stream.writable) stream.write(bytes)
    },
    end: () => stream.end(),
    reset: () => stream.close(constants.NGHTTP2_CANCEL),
    destroy: () => stream.destroy(),
  }
}

function listen(stream: ServerHttp2Stream, handler: LinkHandler): void {
  let over = false
  const end = (aborted: boolean): void => {
    if (over) return
    over = true
    handler.end(aborted ? { how: 'reset', why: `RST_STREAM ${stream.rstCode}` } : { how: 'end' })
  }
  stream.on('data', (data: Buffer) => handler.data(new Uint8Array(data)))
  stream.on('end', () => end(false))
  stream.on('aborted', () => end(true))
  stream.on('close', () => end(stream.rstCode !== constants.NGHTTP2_NO_ERROR))
}
