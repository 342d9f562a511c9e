import type { ResponseOpening, ResponseSpec } from '../model.js'
import type { ClientRun, ClientSubject } from '../subjects/subject.js'
import { createCodec } from '../wire/compressor.js'
import {
  type DeflateAgreement,
  judgeAnswer,
  parseExtensions,
  readDeflateParams,
} from '../wire/deflate-params.js'
import { editHeaders, type Headers, headerValues } from '../wire/http1.js'
import type { LinkEnd } from '../wire/link.js'
import type { Arrival, Listener } from './arrival.js'
import type { RunContext } from './context.js'
import { Inbox } from './inbox.js'
import { listenH2 } from './listen-h2.js'
import { listenHttp1 } from './listen-http1.js'
import { Mismatch } from './mismatch.js'
import { Peer } from './peer.js'
import type { Probe } from './probe.js'
import { openingDelivery } from './server-opening.js'

/** Lets a client subject dial a scripted server. Undefined when the case wants the client to refuse and it did. */
export async function openClient(context: RunContext, subject: ClientSubject): Promise<Probe | undefined> {
  const opening = context.run.opening?.kind === 'response' ? context.run.opening : undefined
  const path = `/echo?run=${context.name}`
  const connects = opening?.response.connects ?? true
  const listener = subject.transport === 'h2' ? await listenH2(path, connects) : await listenHttp1(path)
  context.cleanup(() => listener.close())
  const deflate = context.run.options.deflate ?? subject.deflate
  const run = subject.dial(listener.url, { ...context.run.options, deflate })
  context.cleanup(() => run.abort())
  // Without the setting there must not be a request at all (RFC 8441 §3).
  if (!connects) return judgeClient(run, { opening, patience: context.patience }).then(() => undefined)
  return serve({ context, subject, run, listener, opening })
}

interface Serving {
  readonly context: RunContext
  readonly subject: ClientSubject
  readonly run: ClientRun
  readonly listener: Listener
  readonly opening: ResponseOpening | undefined
}

async function serve({ context, subject, run, listener, opening }: Serving): Promise<Probe | undefined> {
  const { transcript, delivery, patience } = context
  const arrival = await listener.accept(patience)
  const { request, link } = arrival
  context.cleanup(() => link.destroy())
  transcript.got(request.startLine)
  for (const [name, value] of request.headers) transcript.got(`${name}: ${value}`)
  const { headers, agreed } = planAnswer(opening?.response ?? {}, arrival, context.deflate)
  for (const [name, value] of headers) transcript.sentText(`${name}: ${value}`)
  const fails = opening?.client === 'fails'
  const codec = agreed === undefined ? {} : { codec: createCodec(agreed, 'server') }
  const peer = new Peer({ link, suiteIs: 'server', delivery, transcript, ...codec })
  const refused = new Inbox<{ readonly bytes: number } | { readonly end: LinkEnd }>()
  arrival.listen({
    data: (bytes) => (fails ? refused.put({ bytes: bytes.byteLength }) : peer.receive(bytes)),
    end: (end) => (fails ? refused.put({ end }) : peer.ended(end)),
  })
  const spec = opening?.response ?? {}
  const sent = await arrival.respond({
    spec,
    headers,
    delivery: openingDelivery(context.run.opening, delivery),
  })
  for (const unit of sent.slice(1)) transcript.sent(unit)
  await judgeClient(run, { opening, patience })
  if (fails) {
    link.end()
    await expectSilence(refused, patience)
    return undefined
  }
  const another = async (): Promise<Probe> => {
    const probe = await openClient(context, subject)
    if (probe === undefined) throw new Mismatch('one more connection', 'a refusal')
    return probe
  }
  return {
    peer,
    transcript,
    patience,
    request,
    another,
    report: () => run.report,
    destroy: () => link.destroy(),
  }
}

/** RFC 6455 §4.1: a client that refuses the answer ends the connection, and has sent nothing but its request. */
async function expectSilence(
  refused: Inbox<{ readonly bytes: number } | { readonly end: LinkEnd }>,
  patience: number,
): Promise<void> {
  const next = await refused.take(patience)
  if (next === undefined) throw new Mismatch('the client closes the connection', 'it stays open')
  if ('bytes' in next) throw new Mismatch('the client closes the connection', `${next.bytes} octets from it`)
}

const LATE = Symbol('late')

interface Judging {
  readonly opening: ResponseOpening | undefined
  readonly patience: number
}

async function judgeClient(run: ClientRun, { opening, patience }: Judging): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), patience)
  })
  const outcome = await Promise.race([run.opened, late]).finally(() => clearTimeout(timer))
  const got = outcome === LATE ? 'no decision in time' : outcome === undefined ? 'it fails' : 'it opens'
  const want = opening?.client === 'fails' ? 'it fails' : 'it opens'
  if (got !== want) throw new Mismatch(`the client reads the answer: ${want}`, got)
  const protocol = opening?.protocol
  if (protocol !== undefined && protocol !== outcome) {
    throw new Mismatch(`the client reports the subprotocol "${protocol}"`, `"${String(outcome)}"`)
  }
}

interface AnswerPlan {
  readonly headers: Headers
  readonly agreed?: DeflateAgreement
}

/** The right answer, changed as the case wants. */
function planAnswer(spec: ResponseSpec, arrival: Arrival, deflate: boolean): AnswerPlan {
  const offer = headerValues(arrival.request, 'Sec-WebSocket-Extensions').join(', ')
  const extension = deflate ? [['Sec-WebSocket-Extensions', answerTo(offer)] as const] : []
  const headers = editHeaders([...arrival.usualHeaders(spec), ...extension], spec)
  const agreed = judgeAnswer(offer, headerValues({ headers }, 'Sec-WebSocket-Extensions')[0])
  return { headers, ...(typeof agreed === 'object' ? { agreed } : {}) }
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
