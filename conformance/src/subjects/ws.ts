import { createServer as createHttp } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { type PerMessageDeflateOptions, WebSocket, WebSocketServer } from 'ws'
import type { DeflateOptions, Feature, SubjectOptions } from '../model.js'
import { selfSigned } from '../wire/certificate.js'
import { closeServer, listenOnLoopback } from './listen.js'
import { deferred, Reports, runOf } from './reports.js'
import type { ClientRun, ClientSubject, RunningServer, ServerSubject, Subject } from './subject.js'

/**
 * The npm package `ws`, for information: what it does differently is printed, not hidden.
 */
const FEATURES: ReadonlySet<Feature> = new Set([
  'deflate',
  'maxMessage',
  'maxFragments',
  'protocols',
  'closeTimeout',
  'onOpen',
  'report',
] as const)

export function wsSubjects(): Subject[] {
  return [false, true].flatMap((deflate) => [server('tcp', deflate), server('tls', deflate), client(deflate)])
}

function server(transport: 'tcp' | 'tls', deflate: boolean): ServerSubject {
  const name = `ws-${transport === 'tcp' ? 'server' : 'tls'}${deflate ? '+deflate' : ''}`
  return {
    name,
    role: 'server',
    transport,
    deflate,
    features: FEATURES,
    start: (options) => start(transport, options),
  }
}

async function start(transport: 'tcp' | 'tls', options: SubjectOptions): Promise<RunningServer> {
  const http = transport === 'tls' ? createHttps({ ...selfSigned() }) : createHttp()
  const reports = new Reports()
  const sockets = new WebSocketServer({ server: http, clientTracking: false, ...serverOptions(options) })
  sockets.on('connection', (socket, request) => {
    echo(socket)
    greet(socket, options)
    socket.on('close', (code, reason) =>
      reports.tell(runOf(request.url), { code, reason: reason.toString() }),
    )
  })
  http.on('request', (_request, response) => response.writeHead(426).end())
  const port = await listenOnLoopback(http)
  return {
    target: { host: '127.0.0.1', port, tls: transport === 'tls' },
    authority: `localhost:${port}`,
    path: (run) => `/echo?run=${run}`,
    report: (run) => reports.get(run),
    stop: () => closeServer(http),
  }
}

function serverOptions(options: SubjectOptions) {
  const known = options.protocols ?? []
  const pick = (offered: Set<string>): string | false =>
    known.find((protocol) => offered.has(protocol)) ?? false
  return { ...sharedOptions(options), handleProtocols: pick }
}

function sharedOptions({ deflate, maxMessage, maxFragments, closeTimeout }: SubjectOptions) {
  return {
    perMessageDeflate: deflateOptions(deflate),
    ...(maxMessage === undefined ? {} : { maxPayload: maxMessage }),
    ...(maxFragments === undefined ? {} : { maxFragments }),
    ...(closeTimeout === undefined ? {} : { closeTimeout }),
  }
}

function deflateOptions(deflate: boolean | DeflateOptions | undefined): false | PerMessageDeflateOptions {
  if (deflate === undefined || deflate === false) return false
  return { threshold: 0, ...(deflate === true ? {} : deflate) }
}

function echo(socket: WebSocket): void {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  socket.on('error', () => {})
}

function greet(socket: WebSocket, { onOpen }: SubjectOptions): void {
  if (onOpen === undefined) return
  if ('close' in onOpen) socket.close(...onOpen.close)
  else socket.ping(onOpen.ping)
}

function client(deflate: boolean): ClientSubject {
  const name = `ws-client${deflate ? '+deflate' : ''}`
  return { name, role: 'client', transport: 'tcp', deflate, features: FEATURES, dial }
}

function dial(url: string, options: SubjectOptions): ClientRun {
  const opened = deferred<string | undefined>()
  const report = deferred<{ code: number; reason: string }>()
  const socket = new WebSocket(url, [...(options.protocols ?? [])], sharedOptions(options))
  echo(socket)
  socket.on('open', () => {
    opened.resolve(socket.protocol)
    greet(socket, options)
  })
  socket.on('error', () => opened.resolve(undefined))
  socket.on('close', (code, reason) => {
    opened.resolve(undefined)
    report.resolve({ code, reason: reason.toString() })
  })
  return { opened: opened.promise, report: report.promise, abort: () => socket.terminate() }
}
