import {
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer, type Server, type Socket } from 'node:net'
import type { SubjectOptions } from '../../model.js'
import { concat } from '../../wire/bytes.js'
import { selfSigned } from '../../wire/certificate.js'
import { readHttpHead, writeHttpHead } from '../../wire/http1.js'
import { closeServer, listenOnLoopback } from '../listen.js'
import { Reports, runOf } from '../reports.js'
import type { RunningServer } from '../subject.js'
import { Endpoint } from './endpoint.js'
import type { Faults } from './faults.js'
import { answerCommon, answerHttp1 } from './handshake.js'

// As much of a request as is waited for.
const MOST_HEAD = 16_384

interface Serving {
  readonly options: SubjectOptions
  readonly faults: Faults
  readonly reports: Reports
}

export async function startReference(
  transport: 'tcp' | 'h2',
  options: SubjectOptions,
  faults: Faults,
): Promise<RunningServer> {
  const serving: Serving = { options, faults, reports: new Reports() }
  const open = new Set<Socket>()
  const server = transport === 'tcp' ? http1Server(serving) : h2Server(serving)
  server.on(transport === 'tcp' ? 'connection' : 'secureConnection', (socket: Socket) => open.add(socket))
  const port = await listenOnLoopback(server)
  return {
    target: { host: '127.0.0.1', port, tls: transport === 'h2' },
    authority: `localhost:${port}`,
    path: (run) => `/echo?run=${run}`,
    report: (run) => serving.reports.get(run),
    stop: () => {
      for (const socket of open) socket.destroy()
      return closeServer(server)
    },
  }
}

function http1Server(serving: Serving): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    let buffer: Uint8Array = new Uint8Array(0)
    let endpoint: Endpoint | undefined
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      if (endpoint !== undefined) return endpoint.receive(chunk)
      buffer = concat([buffer, chunk])
      if (readHttpHead(buffer) === undefined && buffer.byteLength > MOST_HEAD) return refuse(socket, 431)
      const head = readHttpHead(buffer)
      if (head !== undefined) endpoint = openHttp1(socket, buffer, serving)
      return undefined
    })
  })
}

function openHttp1(
  socket: Socket,
  buffer: Uint8Array,
  { options, faults, reports }: Serving,
): Endpoint | undefined {
  const head = readHttpHead(buffer)
  if (head === undefined) return undefined
  const answer = answerHttp1(head, options, faults)
  if (!answer.ok) {
    refuse(socket, answer.status, answer.headers)
    return undefined
  }
  socket.write(writeHttpHead('HTTP/1.1 101 Switching Protocols', answer.headers))
  const run = runOf(head.startLine.split(' ')[1])
  const agreed = answer.agreed === undefined ? {} : { agreed: answer.agreed }
  const ended = (report: { code: number; reason: string }) => reports.tell(run, report)
  const endpoint = new Endpoint({ stream: socket, role: 'server', options, faults, ended, ...agreed })
  endpoint.receive(head.rest)
  return endpoint
}

function refuse(socket: Socket, status: number, headers: readonly (readonly [string, string])[] = []): void {
  socket.end(
    writeHttpHead(`HTTP/1.1 ${status} Refused`, [
      ...headers,
      ['Content-Length', '0'],
      ['Connection', 'close'],
    ]),
  )
  socket.resume()
}

/** RFC 8441. node:http2 reads the pseudo-headers, and refuses those that are malformed. */
function h2Server(serving: Serving): Http2SecureServer {
  const server = createSecureServer({ ...selfSigned(), settings: { enableConnectProtocol: true } })
  const shared: { endpoint?: Endpoint } = {}
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    const protocol = headers[':protocol']
    const wanted = serving.faults.has('h2AnyProtocol') ? protocol !== undefined : protocol === 'websocket'
    if (headers[':method'] !== 'CONNECT' || !wanted) {
      stream.respond({ ':status': headers[':method'] === 'CONNECT' ? 501 : 404 }, { endStream: true })
      return
    }
    openH2(stream, headers, { ...serving, shared })
  })
  return server
}

interface SharedServing extends Serving {
  /** For the fault of one state for all streams. */
  readonly shared: { endpoint?: Endpoint }
}

function openH2(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  { options, faults, reports, shared }: SharedServing,
): void {
  const fields = Object.entries(headers).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one) => [name, one] as const),
  )
  const answer = answerCommon({ head: { headers: fields }, options, faults, upgrade: [] })
  const answered = Object.fromEntries(answer.headers.map(([name, value]) => [name.toLowerCase(), value]))
  if (!answer.ok) {
    stream.respond({ ':status': answer.status, ...answered }, { endStream: true })
    return
  }
  stream.respond({ ':status': 200, ...answered })
  const run = runOf(headers[':path'])
  const agreed = answer.agreed === undefined ? {} : { agreed: answer.agreed }
  const ended = (report: { code: number; reason: string }) => reports.tell(run, report)
  const endpoint = new Endpoint({ stream, role: 'server', options, faults, ended, ...agreed })
  shared.endpoint ??= endpoint
  stream.on('data', (chunk: Buffer) =>
    (faults.has('h2SharesState') ? shared.endpoint : endpoint)?.receive(chunk),
  )
}
