import type { DeflateOptions, SubjectOptions } from '../../model.js'
import {
  type DeflateAgreement,
  type Extension,
  parseExtensions,
  readDeflateParams,
} from '../../wire/deflate-params.js'
import { acceptFor, type Headers, type HttpHead, headerList, headerValues } from '../../wire/http1.js'
import type { Faults } from './faults.js'

export type Answer =
  | { readonly ok: false; readonly status: number; readonly headers: Headers }
  | { readonly ok: true; readonly headers: Headers; readonly agreed?: DeflateAgreement }

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

function refuse(status: number, headers: Headers = []): Answer {
  return { ok: false, status, headers }
}

/** RFC 6455 §4.2.1 and §4.2.2: what a server answers to a request over HTTP/1.1. */
export function answerHttp1(head: HttpHead, options: SubjectOptions, faults: Faults): Answer {
  const [method, , version] = head.startLine.split(' ')
  if (!/^\S+ \S+ HTTP\/1\.1$/.test(head.startLine) || version !== 'HTTP/1.1') return refuse(400)
  if (method !== 'GET' && !faults.has('ignoresMethod')) return refuse(405)
  if (head.headers.some(([name, value]) => !TOKEN.test(name) || /[^\t\x20-\x7e\x80-\xff]/.test(value)))
    return refuse(400)
  if (headerValues(head, 'Host').length !== 1 && !faults.has('ignoresHost')) return refuse(400)
  const upgrades = headerList(head, 'Upgrade').map((token) => token.toLowerCase())
  const isWebSocket = (token: string) =>
    token === 'websocket' || (faults.has('matchesUpgradeByPrefix') && token.startsWith('websocket'))
  if (!upgrades.some(isWebSocket)) return refuse(426, [['Upgrade', 'websocket']])
  if (!headerList(head, 'Connection').some((token) => token.toLowerCase() === 'upgrade')) return refuse(400)
  const keys = headerValues(head, 'Sec-WebSocket-Key')
  const isKey = faults.has('ignoresKeyLength') ? /^.+$/ : /^[A-Za-z0-9+/]{21}[AQgw]==$/
  if (keys.length !== 1 || !isKey.test(keys[0] ?? '')) return refuse(400)
  const accept = acceptFor(`${keys[0] ?? ''}${faults.has('wrongAccept') ? ' ' : ''}`)
  const upgrade: Headers = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', accept],
  ]
  return answerCommon({ head, options, faults, upgrade })
}

interface Common {
  readonly head: Pick<HttpHead, 'headers'>
  readonly options: SubjectOptions
  readonly faults: Faults
  readonly upgrade: Headers
}

/** What HTTP/1.1 and HTTP/2 have in common (RFC 8441 §5). */
export function answerCommon({ head, options, faults, upgrade }: Common): Answer {
  const versions = headerValues(head, 'Sec-WebSocket-Version')
  if (versions.join() !== '13' && !faults.has('ignoresVersion')) {
    return refuse(426, faults.has('hidesVersion') ? [] : [['Sec-WebSocket-Version', '13']])
  }
  const offered = headerList(head, 'Sec-WebSocket-Protocol')
  if (offered.some((name) => !TOKEN.test(name)) || new Set(offered).size !== offered.length)
    return refuse(400)
  const chosen = faults.has('choosesAnyProtocol')
    ? offered[0]
    : options.protocols?.find((name) => offered.includes(name))
  const protocol: Headers = chosen === undefined ? [] : [['Sec-WebSocket-Protocol', chosen]]
  const values = headerValues(head, 'Sec-WebSocket-Extensions')
  const extensions = values.length === 0 ? [] : parseExtensions(values.join(', '))
  if (extensions === undefined && !faults.has('ignoresExtensionGrammar')) return refuse(400)
  const deflate = chooseOffer(extensions ?? [], options.deflate ?? false, faults)
  if (deflate === undefined) return { ok: true, headers: [...upgrade, ...protocol] }
  const [agreed, answer] = deflate
  return { ok: true, headers: [...upgrade, ...protocol, ['Sec-WebSocket-Extensions', answer]], agreed }
}

/** RFC 7692 §5.1: the first offer that can be accepted. */
function chooseOffer(
  extensions: readonly Extension[],
  options: boolean | DeflateOptions,
  faults: Faults,
): [DeflateAgreement, string] | undefined {
  if (options === false) return undefined
  const limits = options === true ? {} : options
  for (const offer of extensions) {
    if (offer.name !== 'permessage-deflate') continue
    const known = faults.has('answersUnknownParams')
      ? { ...offer, params: offer.params.filter(([name]) => name !== 'mode') }
      : offer
    const asked = readDeflateParams(known, 'offer')
    if (typeof asked === 'string') continue
    const mayLimit = offer.params.some(([name]) => name === 'client_max_window_bits')
    if (limits.clientMaxWindowBits !== undefined && !mayLimit) continue
    return agree(asked, limits, mayLimit)
  }
  return undefined
}

function agree(
  asked: DeflateAgreement,
  limits: DeflateOptions,
  mayLimit: boolean,
): [DeflateAgreement, string] {
  const agreed: DeflateAgreement = {
    serverNoContextTakeover: asked.serverNoContextTakeover || limits.serverNoContextTakeover === true,
    clientNoContextTakeover: asked.clientNoContextTakeover || limits.clientNoContextTakeover === true,
    serverMaxWindowBits: Math.min(asked.serverMaxWindowBits, limits.serverMaxWindowBits ?? 15),
    clientMaxWindowBits: Math.min(asked.clientMaxWindowBits, limits.clientMaxWindowBits ?? 15),
  }
  const params = [
    agreed.serverNoContextTakeover ? 'server_no_context_takeover' : '',
    agreed.clientNoContextTakeover ? 'client_no_context_takeover' : '',
    agreed.serverMaxWindowBits < 15 ? `server_max_window_bits=${agreed.serverMaxWindowBits}` : '',
    mayLimit && agreed.clientMaxWindowBits < 15 ? `client_max_window_bits=${agreed.clientMaxWindowBits}` : '',
  ].filter((param) => param !== '')
  return [agreed, ['permessage-deflate', ...params].join('; ')]
}
