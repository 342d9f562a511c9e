import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import type { CloseReport, DeflateOptions, SubjectOptions } from '../../model.js'
import { concat } from '../../wire/bytes.js'
import { type DeflateAgreement, judgeAnswer, PLAIN_AGREEMENT } from '../../wire/deflate-params.js'
import {
  acceptFor,
  type Headers,
  type HttpHead,
  headerList,
  headerValues,
  readHttpHead,
  writeHttpHead,
} from '../../wire/http1.js'
import { deferred } from '../reports.js'
import type { ClientRun } from '../subject.js'
import { Endpoint } from './endpoint.js'
import type { Faults } from './faults.js'

/** RFC 6455 §4.1. */
export function dialReference(address: string, options: SubjectOptions, faults: Faults): ClientRun {
  const url = new URL(address)
  const opened = deferred<string | undefined>()
  const report = deferred<CloseReport>()
  const key = faults.has('reusesKey') ? 'AQIDBAUGBwgJCgsMDQ4PEA==' : randomBytes(16).toString('base64')
  const offer = makeOffer(options.deflate ?? false)
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true, allowHalfOpen: true })
  socket.write(
    writeHttpHead(`GET ${url.pathname}${url.search} HTTP/1.1`, requestHeaders(url, { key, offer, options })),
  )
  let buffer: Uint8Array = new Uint8Array(0)
  let endpoint: Endpoint | undefined
  const fail = (): void => {
    opened.resolve(undefined)
    socket.destroy()
  }
  socket.on('error', () => {})
  socket.on('end', () => endpoint === undefined && fail())
  socket.on('close', () => opened.resolve(undefined))
  socket.on('data', (chunk: Buffer) => {
    if (endpoint !== undefined) return endpoint.receive(chunk)
    buffer = concat([buffer, chunk])
    const head = readFinalHead(buffer)
    if (head === undefined) return undefined
    const agreed = judge(head, { key, offer, options, faults })
    if (typeof agreed === 'string') return fail()
    const deflate = agreed === undefined ? {} : { agreed }
    endpoint = new Endpoint({
      stream: socket,
      role: 'client',
      options,
      faults,
      ended: report.resolve,
      ...deflate,
    })
    opened.resolve(headerValues(head, 'Sec-WebSocket-Protocol')[0] ?? '')
    if (!faults.has('losesBytesBehindHead')) endpoint.receive(head.rest)
    return undefined
  })
  return { opened: opened.promise, report: report.promise, abort: () => socket.destroy() }
}

interface Asked {
  readonly key: string
  readonly offer: string
  readonly options: SubjectOptions
}

function requestHeaders(url: URL, { key, offer, options }: Asked): Headers {
  const protocols = options.protocols ?? []
  return [
    ['Host', url.host],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', key],
    ['Sec-WebSocket-Version', '13'],
    ...(protocols.length === 0 ? [] : [['Sec-WebSocket-Protocol', protocols.join(', ')] as const]),
    ...(offer === '' ? [] : [['Sec-WebSocket-Extensions', offer] as const]),
  ]
}

function makeOffer(deflate: boolean | DeflateOptions): string {
  if (deflate === false) return ''
  const wanted = deflate === true ? {} : deflate
  return [
    'permessage-deflate',
    wanted.serverNoContextTakeover === true ? 'server_no_context_takeover' : '',
    wanted.clientNoContextTakeover === true ? 'client_no_context_takeover' : '',
    wanted.serverMaxWindowBits === undefined ? '' : `server_max_window_bits=${wanted.serverMaxWindowBits}`,
    wanted.clientMaxWindowBits === undefined
      ? 'client_max_window_bits'
      : `client_max_window_bits=${wanted.clientMaxWindowBits}`,
  ]
    .filter((part) => part !== '')
    .join('; ')
}

/** RFC 9110 §15.2: interim responses are skipped. */
function readFinalHead(buffer: Uint8Array): HttpHead | undefined {
  const head = readHttpHead(buffer)
  return head !== undefined && /^HTTP\/1\.1 1(?!01)\d\d/.test(head.startLine)
    ? readFinalHead(head.rest)
    : head
}

/** What was agreed, undefined for no compression, or a sentence saying why the answer fails. */
function judge(
  head: HttpHead,
  asked: Asked & { readonly faults: Faults },
): DeflateAgreement | undefined | string {
  const { key, offer, options, faults } = asked
  if (!/^HTTP\/1\.1 101( |$)/.test(head.startLine) && !faults.has('ignoresStatus')) return 'status'
  if (headerList(head, 'Upgrade').join().toLowerCase() !== 'websocket') return 'Upgrade'
  if (!headerList(head, 'Connection').some((token) => token.toLowerCase() === 'upgrade')) return 'Connection'
  if (headerValues(head, 'Sec-WebSocket-Accept').join() !== acceptFor(key) && !faults.has('ignoresAccept'))
    return 'accept'
  const protocols = headerValues(head, 'Sec-WebSocket-Protocol')
  const known = protocols.length === 1 && (options.protocols ?? []).includes(protocols[0] ?? '')
  if (protocols.length > 0 && !known && !faults.has('acceptsAnyProtocol')) return 'protocol'
  const answers = headerValues(head, 'Sec-WebSocket-Extensions')
  const agreed = judgeAnswer(offer, answers.length === 0 ? undefined : answers.join(', '))
  return typeof agreed === 'string' && faults.has('acceptsAnyExtension') ? PLAIN_AGREEMENT : agreed
}
