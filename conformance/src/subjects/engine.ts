import { createServer as createHttp, type Server as HttpServer } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { createServer as createHttps, type Server as HttpsServer } from 'node:https'
import {
  connect,
  createWebSocketServer,
  type LinkHandler,
  type LinkOptions,
  type ServerHandler,
  type WebSocketLink,
} from '@millrace/server/websocket'
import type { CloseReport, DeflateOptions, Feature, SubjectOptions, Transport } from '../model.js'
import { selfSigned } from '../wire/certificate.js'
import { closeServer, listenOnLoopback } from './listen.js'
import { deferred, Reports, runOf } from './reports.js'
import type { ClientRun, ClientSubject, RunningServer, ServerSubject, Subject } from './subject.js'

/** Millrace's own engine: as a server over HTTP/1.1, TLS and HTTP/2, and as a client over HTTP/1.1 and HTTP/2. */
const FEATURES: ReadonlySet<Feature> = new Set([
  'deflate',
  'maxMessage',
  'maxFrame',
  'maxFragments',
  'protocols',
  'closeTimeout',
  'onOpen',
  'report',
] as const)

// What the suite sends when it says nothing about limits: messages of up to 4 MiB in up to 1,000 fragments.
const ROOM = 16 * 1_048_576
const MANY = 10_000

export function engineSubjects(): Subject[] {
  const transports = ['tcp', 'tls', 'h2'] as const
  const servers = transports.flatMap((transport) =>
    [false, true].map((deflate) => server(transport, deflate)),
  )
  const clients = (['tcp', 'h2'] as const).flatMap((transport) =>
    [false, true].map((deflate) => client(transport, deflate)),
  )
  return [...servers, ...clients]
}

function server(transport: Transport, deflate: boolean): ServerSubject {
  const name = `engine-${transport === 'tcp' ? 'server' : transport}${deflate ? '+deflate' : ''}`
  return {
    name,
    role: 'server',
    transport,
    deflate,
    features: FEATURES,
    start: (options) => start(transport, options),
  }
}

function client(transport: 'tcp' | 'h2', deflate: boolean): ClientSubject {
  const name = `engine-client${transport === 'h2' ? '-h2' : ''}${deflate ? '+deflate' : ''}`
  const dialIt: ClientSubject['dial'] = (url, options) => dial(url, options, transport === 'h2')
  return { name, role: 'client', transport, deflate, features: FEATURES, dial: dialIt }
}

function dial(url: string, options: SubjectOptions, http2: boolean): ClientRun {
  const report = deferred<CloseReport>()
  const giveUp = new AbortController()
  const handler: LinkHandler = {
    onMessage: (link, kind, bytes) => void link.send(kind, bytes),
    onClose: (_link, code, reason) => report.resolve({ code, reason }),
  }
  const protocols = options.protocols ?? []
  const opening = connect(url, { ...linkOptions(options), protocols, http2, handler, signal: giveUp.signal })
  const opened = opening.then(
    (link) => {
      greet(link, options)
      giveUp.signal.addEventListener('abort', () => link.terminate())
      return link.protocol
    },
    () => undefined,
  )
  return { opened, report: report.promise, abort: () => giveUp.abort() }
}

async function start(transport: Transport, options: SubjectOptions): Promise<RunningServer> {
  const reports = new Reports()
  const http = createHttpServer(transport)
  const sockets = createWebSocketServer({
    ...linkOptions(options),
    protocols: options.protocols ?? [],
    handler: echoHandler(options, reports),
  })
  sockets.attach(http)
  const port = await listenOnLoopback(http)
  return {
    target: { host: '127.0.0.1', port, tls: transport !== 'tcp' },
    authority: `localhost:${port}`,
    path: (run) => `/echo?run=${run}`,
    report: (run) => reports.get(run),
    stop: async () => {
      for (const link of sockets.links) link.terminate()
      await sockets.close()
      await closeServer(http)
    },
  }
}

function createHttpServer(transport: Transport): HttpServer | HttpsServer | Http2SecureServer {
  switch (transport) {
    case 'tcp':
      return createHttp((_request, response) => response.writeHead(426).end())
    case 'tls':
      return createHttps(selfSigned(), (_request, response) => response.writeHead(426).end())
    case 'h2':
      return createSecureServer(selfSigned(), (_request, response) => response.writeHead(426).end())
  }
}

function echoHandler(options: SubjectOptions, reports: Reports): ServerHandler {
  return {
    onOpen(link, request) {
      link.data = runOf(request.url)
      greet(link, options)
    },
    onMessage(link, kind, bytes) {
      link.send(kind, bytes)
    },
    onClose(link, code, reason) {
      reports.tell(String(link.data), { code, reason })
    },
  }
}

function greet(link: WebSocketLink, { onOpen }: SubjectOptions): void {
  if (onOpen === undefined) return
  if ('close' in onOpen) link.close(...onOpen.close)
  else link.ping(Buffer.from(onOpen.ping))
}

function linkOptions(options: SubjectOptions): LinkOptions {
  const most = options.maxMessage ?? ROOM
  return {
    maxMessageBytes: most,
    maxInflatedBytes: most,
    maxFrameBytes: options.maxFrame ?? most,
    maxFragments: options.maxFragments ?? MANY,
    maxBufferedBytes: ROOM,
    deflate: deflateOptions(options.deflate ?? false),
    ...(options.closeTimeout === undefined ? {} : { closeTimeoutMs: options.closeTimeout }),
  }
}

/** `true` asks for nothing: both contexts are kept, as RFC 7692 has it when no parameter is named. */
function deflateOptions(deflate: boolean | DeflateOptions): NonNullable<LinkOptions['deflate']> {
  if (deflate === false) return false
  const wanted = deflate === true ? {} : deflate
  return {
    thresholdBytes: 0,
    serverContextTakeover: wanted.serverNoContextTakeover !== true,
    clientContextTakeover: wanted.clientNoContextTakeover !== true,
    serverMaxWindowBits: wanted.serverMaxWindowBits ?? 15,
    clientMaxWindowBits: wanted.clientMaxWindowBits ?? 15,
  }
}
