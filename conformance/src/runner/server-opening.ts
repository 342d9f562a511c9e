import type { Delivery, ExtensionExpectation, Opening, RequestSpec } from '../model.js'
import type { DeflateAgreement } from '../wire/deflate-params.js'
import { judgeAnswer } from '../wire/deflate-params.js'
import {
  acceptFor,
  editHeaders,
  type Headers,
  type HttpHead,
  headerList,
  headerValues,
} from '../wire/http1.js'
import { Mismatch, require } from './mismatch.js'

/** What the suite offers when a case says nothing else: every browser's offer. */
export const USUAL_OFFER = 'permessage-deflate; client_max_window_bits'

// A fixed nonce: the sample of RFC 6455 §1.3. Cases about the key bring their own.
const SAMPLE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

/** A request as it will be sent, in whatever form the transport has. */
export interface PlannedRequest {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: Headers
}

export interface RequestFacts {
  readonly authority: string
  readonly path: string
  readonly deflate: boolean
}

/** The well-formed opening request of RFC 6455 §4.1, changed as the case wants. */
export function planRequest(spec: RequestSpec, facts: RequestFacts): PlannedRequest {
  const extension = facts.deflate ? [['Sec-WebSocket-Extensions', USUAL_OFFER] as const] : []
  const usual: Headers = [
    ['Host', facts.authority],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', SAMPLE_KEY],
    ['Sec-WebSocket-Version', '13'],
    ...extension,
  ]
  return {
    method: spec.method ?? 'GET',
    target: (spec.target ?? '{path}').replace('{path}', facts.path).replace('{authority}', facts.authority),
    version: spec.version ?? 'HTTP/1.1',
    headers: editHeaders(usual, spec),
  }
}

/** RFC 8441 §5: the same request as an extended CONNECT. */
export function planConnect(spec: RequestSpec, facts: RequestFacts, scheme: string): Headers {
  const extension = facts.deflate ? [['sec-websocket-extensions', USUAL_OFFER] as const] : []
  const usual: Headers = [
    [':method', spec.method ?? 'CONNECT'],
    [':protocol', 'websocket'],
    [':scheme', scheme],
    [':path', (spec.target ?? '{path}').replace('{path}', facts.path)],
    [':authority', facts.authority],
    ['sec-websocket-version', '13'],
    ...extension,
  ]
  // RFC 9113 §8.2.1: field names are lower case, and values have no blanks around them.
  return editHeaders(usual, spec).map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
}

export interface Judged {
  readonly opened: boolean
  readonly agreed?: DeflateAgreement
}

interface Answer {
  readonly status: number
  readonly head: HttpHead
  readonly offered: Headers
  readonly transport: 'http1' | 'h2'
}

/** Judges a server's answer to an opening request; throws Mismatch. */
export function judgeResponse(answer: Answer, opening: Opening | undefined, deflate: boolean): Judged {
  const wanted = opening?.kind === 'request' ? opening.answer : undefined
  if (wanted !== undefined && !wanted.accepted) {
    const list = wanted.statuses
      .map((status) => (status === 0 ? 'a reset stream' : String(status)))
      .join(', ')
    require(wanted.statuses.includes(answer.status), `a refusal with ${list}`, answer.head.startLine)
    if (wanted.header !== undefined) judgeHeader(answer.head, wanted.header)
    return { opened: false }
  }
  judgeAcceptance(answer)
  judgeProtocol(answer.head, wanted?.protocol)
  return judgeExtension(answer, wanted?.extension ?? { deflate: deflate ? 'accepted' : 'declined' })
}

function judgeHeader(head: HttpHead, [name, value]: readonly [string, string]): void {
  const values = headerList(head, name)
  require(values.includes(
    value,
  ), `a refusal with ${name}: ${value}`, `${name}: ${values.join(', ') || '(absent)'}`)
}

/** RFC 6455 §4.2.2 item 5; RFC 8441 §5 leaves only the status of it. */
function judgeAcceptance({ status, head, offered, transport }: Answer): void {
  if (transport === 'h2') {
    require(status === 200, 'status 200', head.startLine)
    for (const name of ['connection', 'upgrade', 'sec-websocket-accept']) {
      require(headerValues(head, name).length ===
        0, `no ${name} over HTTP/2`, `${name}: ${headerValues(head, name)}`)
    }
    return
  }
  require(status === 101, 'HTTP/1.1 101', head.startLine)
  const upgrade = headerValues(head, 'Upgrade')
  require(upgrade.length === 1 &&
    upgrade[0]?.toLowerCase() === 'websocket', 'Upgrade: websocket', `${upgrade}`)
  const connection = headerList(head, 'Connection').map((token) => token.toLowerCase())
  require(connection.includes('upgrade'), 'Connection: Upgrade', `${connection}`)
  const accept = headerValues(head, 'Sec-WebSocket-Accept')
  const right = acceptFor((headerValues({ headers: offered }, 'Sec-WebSocket-Key')[0] ?? '').trim())
  require(accept.length === 1 && accept[0] === right, `Sec-WebSocket-Accept: ${right}`, `${accept}`)
}

function judgeProtocol(head: HttpHead, wanted: string | undefined): void {
  const got = headerValues(head, 'Sec-WebSocket-Protocol')
  const fits = wanted === undefined ? got.length === 0 : got.length === 1 && got[0] === wanted
  require(fits, wanted === undefined ? 'no subprotocol' : `the subprotocol ${wanted}`, got.join(', ') ||
    'none')
}

function judgeExtension({ head, offered }: Answer, wanted: ExtensionExpectation): Judged {
  const offer = headerValues({ headers: offered }, 'Sec-WebSocket-Extensions').join(', ')
  const answers = headerValues(head, 'Sec-WebSocket-Extensions')
  // RFC 6455 §11.3.2 lets the header appear several times; it then reads as one list.
  const answer = answers.length === 0 ? undefined : answers.join(', ')
  const agreed = judgeAnswer(offer, answer)
  if (typeof agreed === 'string') throw new Mismatch('an answer that keeps RFC 7692 §7.1', agreed)
  const state = agreed === undefined ? 'declined' : 'accepted'
  const fits = wanted.deflate === 'either' || wanted.deflate === state
  require(fits, `permessage-deflate ${wanted.deflate}`, `${state}${answer === undefined ? '' : ` (${answer})`}`)
  if (agreed === undefined) return { opened: true }
  for (const [name, value] of Object.entries(wanted.agreed ?? {})) {
    const got = agreed[name as keyof DeflateAgreement]
    require(got === value, `${name} = ${value} in the answer`, `${name} = ${got} (${answer})`)
  }
  return { opened: true, agreed }
}

/** Whether the opening itself is what the case is about, so that it too is delivered octet by octet. */
export function openingDelivery(opening: Opening | undefined, delivery: Delivery): Delivery {
  return opening === undefined ? 'whole' : delivery
}
