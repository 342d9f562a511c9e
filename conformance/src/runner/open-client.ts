import { createServer, type Server, type Socket } from 'node:net'
import type { ResponseSpec } from '../model.js'
import type { ClientRun, ClientSubject } from '../subjects/subject.js'
import { concat } from '../wire/bytes.js'
import { createCodec } from '../wire/compressor.js'
import {
  type DeflateAgreement,
  judgeAnswer,
  parseExtensions,
  readDeflateParams,
} from '../wire/deflate-params.js'
import {
  acceptFor,
  editHeaders,
  type Headers,
  type HttpHead,
  headerValues,
  readHttpHead,
  writeHttpHead,
} from '../wire/http1.js'
import { type LinkEnd, socketLink } from '../wire/link.js'
import type { RunContext } from './context.js'
import { deliver } from './deliver.js'
import { Inbox } from './inbox.js'
import { Mismatch } from './mismatch.js'
import { encodePieces, Peer } from './peer.js'
import type { Probe } from './probe.js'
import { openingDelivery } from './server-opening.js'

type Incoming = { readonly bytes: Uint8Array } | { readonly end: LinkEnd }

/** Lets a client subject dial a scripted server. Undefined when the case wants the client to refuse and it did. */
export async function openClient(context: RunContext, subject: ClientSubject): Promise<Probe | undefined> {
  const listener = await listen()
  context.cleanup(() => listener.server.close())
  const { port } = listener
  const url = `ws://127.0.0.1:${port}/echo?run=${context.name}`
  const run = subject.dial(url, {
    ...context.run.options,
    deflate: context.run.options.deflate ?? subject.deflate,
  })
  context.cleanup(() => run.abort())
  const socket = await listener.accept(context.patience)
  context.cleanup(() => socket.destroy())
  return serve({ context, subject, run, socket })
}

interface Serving {
  readonly context: RunContext
  readonly subject: ClientSubject
  readonly run: ClientRun
  readonly socket: Socket
}

async function serve({ context, subject, run, socket }: Serving): Promise<Probe | undefined> {
  const { transcript, delivery, run: current } = context
  const incoming = new Inbox<Incoming>()
  let peer: Peer | undefined
  const link = socketLink(socket, {
    data: (bytes) => (peer === undefined ? incoming.put({ bytes }) : peer.receive(bytes)),
    end: (end) => (peer === undefined ? incoming.put({ end }) : peer.ended(end)),
  })
  const request = await readRequest(incoming, context.patience)
  transcript.got(request.startLine)
  for (const [name, value] of request.headers) transcript.got(`${name}: ${value}`)
  const opening = current.opening?.kind === 'response' ? current.opening : undefined
  const planned = planResponse(opening?.response ?? {}, request, context.deflate)
  const units = [planned.head, ...encodePieces(opening?.response.behind ?? [], 'server')]
  transcript.sentText(Buffer.from(planned.head).toString('latin1'))
  for (const unit of units.slice(1)) transcript.sent(unit)
  if (opening?.client !== 'fails') {
    const codec = planned.agreed === undefined ? {} : { codec: createCodec(planned.agreed, 'server') }
    peer = new Peer({ link, suiteIs: 'server', delivery, transcript, ...codec })
  }
  await deliver(units, openingDelivery(current.opening, delivery), (bytes) => {
    link.write(bytes)
    return true
  })
  if (opening?.response.raw !== undefined) link.end()
  await judgeClient(run, opening?.client ?? 'opens', context.patience)
  if (peer === undefined) {
    await expectSilence(incoming, context.patience, link.end)
    return undefined
  }
  return {
    peer,
    transcript,
    patience: context.patience,
    request,
    another: () => openAgain(context, subject),
    report: () => run.report,
    destroy: () => link.destroy(),
  }
}

async function openAgain(context: RunContext, subject: ClientSubject): Promise<Probe> {
  const probe = await openClient(context, subject)
  if (probe === undefined) throw new Mismatch('one more connection', 'a refusal')
  return probe
}

/** RFC 6455 §4.1: a client that refuses the answer closes TCP, and has sent nothing but its request. */
async function expectSilence(incoming: Inbox<Incoming>, patience: number, end: () => void): Promise<void> {
  end()
  const next = await incoming.take(patience)
  if (next === undefined) throw new Mismatch('the client closes the connection', 'it stays open')
  if ('bytes' in next)
    throw new Mismatch('the client closes the connection', `${next.bytes.byteLength} octets from it`)
}

async function judgeClient(run: ClientRun, wanted: 'opens' | 'fails', patience: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), patience)
  })
  const outcome = await Promise.race([run.opened, late]).finally(() => clearTimeout(timer))
  const got = outcome === 'late' ? 'no decision in time' : outcome === undefined ? 'it fails' : 'it opens'
  const want = wanted === 'opens' ? 'it opens' : 'it fails'
  if (got !== want) throw new Mismatch(`the client reads the answer: ${want}`, got)
}

interface PlannedResponse {
  readonly head: Uint8Array
  readonly agreed?: DeflateAgreement
}

/** RFC 6455 §4.2.2: the right answer, changed as the case wants. */
function planResponse(spec: ResponseSpec, request: HttpHead, deflate: boolean): PlannedResponse {
  const right = acceptFor(headerValues(request, 'Sec-WebSocket-Key')[0] ?? '')
  const offer = headerValues(request, 'Sec-WebSocket-Extensions').join(', ')
  const extension = deflate ? [['Sec-WebSocket-Extensions', answerTo(offer)] as const] : []
  const usual: Headers = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', spec.accept?.(right) ?? right],
    ...extension,
  ]
  const headers = editHeaders(usual, spec)
  const head = writeHttpHead(spec.statusLine ?? 'HTTP/1.1 101 Switching Protocols', headers)
  const before = Buffer.from(spec.before ?? '', 'latin1')
  const sent =
    spec.raw === undefined ? concat([before, head]) : new Uint8Array(Buffer.from(spec.raw, 'latin1'))
  const answer = headerValues({ headers }, 'Sec-WebSocket-Extensions')[0]
  const agreed = judgeAnswer(offer, answer)
  return { head: sent, ...(typeof agreed === 'object' ? { agreed } : {}) }
}

/** The plainest answer that fits the client's first offer of permessage-deflate. */
function answerTo(offer: string): string {
  const extension = (parseExtensions(offer) ?? []).find((one) => one.name === 'permessage-deflate')
  if (extension === undefined) throw new Mismatch('an offer of permessage-deflate', offer || 'none')
  const asked = readDeflateParams(extension, 'offer')
  if (typeof asked === 'string') throw new Mismatch('a valid offer of permessage-deflate', asked)
  const bits = asked.serverMaxWindowBits < 15 ? `; server_max_window_bits=${asked.serverMaxWindowBits}` : ''
  return `permessage-deflate${asked.serverNoContextTakeover ? '; server_no_context_takeover' : ''}${bits}`
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

interface Listener {
  readonly server: Server
  readonly port: number
  accept(patience: number): Promise<Socket>
}

async function listen(): Promise<Listener> {
  const sockets = new Inbox<Socket>()
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => sockets.put(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    server,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    accept: async (patience) => {
      const socket = await sockets.take(patience)
      if (socket === undefined) throw new Mismatch('the client connects', 'nothing in time')
      return socket
    },
  }
}
