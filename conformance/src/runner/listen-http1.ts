import { createServer, type Server, type Socket } from 'node:net'
import type { ResponseSpec } from '../model.js'
import { concat } from '../wire/bytes.js'
import {
  acceptFor,
  type Headers,
  type HttpHead,
  headerValues,
  readHttpHead,
  writeHttpHead,
} from '../wire/http1.js'
import { type LinkEnd, type LinkHandler, socketLink } from '../wire/link.js'
import type { Arrival, Listener, PlannedAnswer } from './arrival.js'
import { deliver } from './deliver.js'
import { Inbox } from './inbox.js'
import { Mismatch } from './mismatch.js'
import { encodePieces } from './peer.js'

type Incoming = { readonly bytes: Uint8Array } | { readonly end: LinkEnd }

/** A scripted server over plain TCP. */
export async function listenHttp1(path: string): Promise<Listener> {
  const sockets = new Inbox<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => sockets.put(socket))
  return {
    url: `ws://127.0.0.1:${await portOf(server)}${path}`,
    accept: async (patience) => {
      const socket = await sockets.take(patience)
      if (socket === undefined) throw new Mismatch('the client connects', 'nothing in time')
      return readArrival(socket, patience)
    },
    close: () => server.close(),
  }
}

export async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function readArrival(socket: Socket, patience: number): Promise<Arrival> {
  const incoming = new Inbox<Incoming>()
  let handler: LinkHandler = {
    data: (bytes) => incoming.put({ bytes }),
    end: (end) => incoming.put({ end }),
  }
  const link = socketLink(socket, { data: (bytes) => handler.data(bytes), end: (end) => handler.end(end) })
  const request = await readRequest(incoming, patience)
  return {
    request,
    link,
    usualHeaders: (spec) => usualHeaders(spec, request),
    respond: async (answer) => {
      const units = answerUnits(answer)
      await deliver(units, {
        delivery: answer.delivery,
        write: (bytes) => {
          link.write(bytes)
          return true
        },
      })
      if (answer.spec.raw !== undefined) link.end()
      return units
    },
    listen: (next) => {
      handler = next
      for (const item of incoming.drain()) 'bytes' in item ? next.data(item.bytes) : next.end(item.end)
    },
  }
}

/** RFC 6455 §4.2.2. */
function usualHeaders(spec: ResponseSpec, request: HttpHead): Headers {
  const right = acceptFor(headerValues(request, 'Sec-WebSocket-Key')[0] ?? '')
  return [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', spec.accept?.(right) ?? right],
  ]
}

function answerUnits({ spec, headers }: PlannedAnswer): Uint8Array[] {
  const head = writeHttpHead(spec.statusLine ?? 'HTTP/1.1 101 Switching Protocols', headers)
  const before = Buffer.from(spec.before ?? '', 'latin1')
  const answer =
    spec.raw === undefined ? concat([before, head]) : new Uint8Array(Buffer.from(spec.raw, 'latin1'))
  return [answer, ...encodePieces(spec.behind ?? [], 'server')]
}

async function readRequest(incoming: Inbox<Incoming>, patience: number): Promise<HttpHead> {
  let buffer: Uint8Array = new Uint8Array(0)
  for (;;) {
    const head = readHttpHead(buffer)
    // RFC 6455 §4.1: the client waits for the answer before it sends anything else.
    if (head !== undefined && head.rest.byteLength > 0)
      throw new Mismatch('a request', 'more octets behind it')
    if (head !== undefined) return head
    const next = await incoming.take(patience)
    if (next === undefined || 'end' in next) throw new Mismatch('a request', 'nothing')
    buffer = concat([buffer, next.bytes])
  }
}
