import type { RequestSpec } from '../model.js'
import type { RunningServer } from '../subjects/subject.js'
import { createCodec } from '../wire/compressor.js'
import { H2Connection } from '../wire/h2.js'
import type { H2Stream } from '../wire/h2-stream.js'
import type { Headers, HttpHead } from '../wire/http1.js'
import { dialSocket, type LinkEnd } from '../wire/link.js'
import type { RunContext } from './context.js'
import { Inbox } from './inbox.js'
import { Mismatch } from './mismatch.js'
import { encodePieces, Peer } from './peer.js'
import type { Probe } from './probe.js'
import { judgeResponse, planConnect } from './server-opening.js'

type Incoming =
  | { readonly headers: Headers; readonly endStream: boolean }
  | { readonly bytes: Uint8Array }
  | { readonly end: LinkEnd }

/** Dials a server subject over HTTP/2 and opens one WebSocket on one stream (RFC 8441). */
export async function openH2(context: RunContext, server: RunningServer): Promise<Probe | undefined> {
  const socket = await dialSocket(server.target, 'h2')
  context.cleanup(() => socket.destroy())
  const connection = await H2Connection.open(socket)
  const spec = context.run.opening?.kind === 'request' ? context.run.opening.request : {}
  return openStream({ context, server, connection, spec, count: { opened: 0 } })
}

interface StreamPlan {
  readonly context: RunContext
  readonly server: RunningServer
  readonly connection: H2Connection
  readonly spec: RequestSpec
  /** Shared by the WebSockets of one connection, so that each has a name of its own. */
  readonly count: { opened: number }
}

async function openStream(plan: StreamPlan): Promise<Probe | undefined> {
  const { context, server, connection, spec } = plan
  const { transcript, delivery, deflate, run } = context
  const name = plan.count.opened === 0 ? context.name : `${context.name}-${plan.count.opened}`
  plan.count.opened++
  const incoming = new Inbox<Incoming>()
  let peer: Peer | undefined
  const facts = { authority: server.authority, path: server.path(name), deflate }
  const headers = planConnect(spec, facts, server.target.tls ? 'https' : 'http')
  for (const [key, value] of headers) transcript.note(`${key}: ${value}`)
  const link = connection.request(headers, {
    headers: (got, endStream) => incoming.put({ headers: got, endStream }),
    data: (bytes) => (peer === undefined ? incoming.put({ bytes }) : peer.receive(bytes)),
    end: (end) => (peer === undefined ? incoming.put({ end }) : peer.ended(end)),
  })
  for (const unit of encodePieces(spec.behind ?? [], 'client')) link.write(unit)
  const response = await readResponse(incoming, context.patience)
  transcript.got(response.startLine)
  const answer = {
    status: Number(response.startLine),
    head: response,
    offered: headers,
    transport: 'h2' as const,
  }
  const judged = judgeResponse(answer, run.opening, deflate)
  if (!judged.opened) return undefined
  const codec = judged.agreed === undefined ? {} : { codec: createCodec(judged.agreed, 'client') }
  peer = new Peer({ link, suiteIs: 'client', delivery, transcript, ...codec })
  passOn(incoming, peer)
  return makeProbe(plan, { peer, link, response, name })
}

interface Opened {
  readonly peer: Peer
  readonly link: H2Stream
  readonly response: HttpHead
  readonly name: string
}

function makeProbe(plan: StreamPlan, { peer, link, response, name }: Opened): Probe {
  return {
    peer,
    transcript: plan.context.transcript,
    patience: plan.context.patience,
    response,
    h2: { connection: plan.connection, stream: link },
    another: async () => {
      const probe = await openStream(plan)
      if (probe === undefined) throw new Mismatch('one more WebSocket on the connection', 'a refusal')
      return probe
    },
    report: () => plan.server.report(name),
    destroy: () => plan.connection.destroy(),
  }
}

function passOn(incoming: Inbox<Incoming>, peer: Peer): void {
  for (const item of incoming.drain()) {
    if ('bytes' in item) peer.receive(item.bytes)
    else if ('end' in item) peer.ended(item.end)
  }
}

/** The response as a head whose start line is the status; a stream that was reset has status 0. */
async function readResponse(incoming: Inbox<Incoming>, patience: number): Promise<HttpHead> {
  const next = await incoming.take(patience)
  if (next === undefined) throw new Mismatch('a response', 'nothing in time')
  if ('bytes' in next) throw new Mismatch('HEADERS', 'DATA')
  if ('end' in next) return { startLine: '0', headers: [], rest: new Uint8Array(0) }
  const status = next.headers.find(([name]) => name === ':status')?.[1] ?? 'no :status'
  return { startLine: status, headers: next.headers, rest: new Uint8Array(0) }
}
