/** permessage-deflate in the handshake, read by RFC 6455 §9.1 and RFC 7692 §7. */

export interface Extension {
  readonly name: string
  readonly params: readonly (readonly [name: string, value: string | undefined])[]
}

/** What both ends agreed on. Window bits are 15 where nothing was said (RFC 7692 §7.1.2). */
export interface DeflateAgreement {
  readonly serverNoContextTakeover: boolean
  readonly clientNoContextTakeover: boolean
  readonly serverMaxWindowBits: number
  readonly clientMaxWindowBits: number
}

export const PLAIN_AGREEMENT: DeflateAgreement = {
  serverNoContextTakeover: false,
  clientNoContextTakeover: false,
  serverMaxWindowBits: 15,
  clientMaxWindowBits: 15,
}

/** Where the four parameters may stand: in an offer a window for the client needs no value. */
export type Side = 'offer' | 'answer'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Reads a Sec-WebSocket-Extensions value, or undefined when it breaks the ABNF of RFC 6455 §9.1. */
export function parseExtensions(value: string): Extension[] | undefined {
  const out: Extension[] = []
  for (const element of splitOutsideQuotes(value, ',')) {
    const [name, ...params] = splitOutsideQuotes(element, ';').map((part) => part.trim())
    if (name === undefined || !TOKEN.test(name)) return undefined
    const parsed = params.map(parseParam)
    if (parsed.some((param) => param === undefined)) return undefined
    out.push({ name, params: parsed.filter((param) => param !== undefined) })
  }
  return out
}

function splitOutsideQuotes(value: string, separator: string): string[] {
  const parts: string[] = []
  let quoted = false
  let part = ''
  for (const char of value) {
    if (char === '"') quoted = !quoted
    if (char === separator && !quoted) {
      parts.push(part)
      part = ''
    } else part += char
  }
  return [...parts, part]
}

function parseParam(text: string): [string, string | undefined] | undefined {
  const at = text.indexOf('=')
  if (at < 0) return TOKEN.test(text) ? [text, undefined] : undefined
  const name = text.slice(0, at).trim()
  const raw = text.slice(at + 1).trim()
  const value = /^".*"$/.test(raw) ? raw.slice(1, -1) : raw
  return TOKEN.test(name) && TOKEN.test(value) ? [name, value] : undefined
}

/** RFC 7692 §7.1: the parameters, or a sentence saying which rule they break. */
export function readDeflateParams(extension: Extension, side: Side): DeflateAgreement | string {
  const seen = new Map<string, string | undefined>()
  for (const [name, value] of extension.params) {
    // RFC 7692 §7.1: the same parameter twice makes the offer or answer invalid.
    if (seen.has(name)) return `${name} appears twice`
    const problem = judgeParam(name, value, side)
    if (problem !== undefined) return problem
    seen.set(name, value)
  }
  return {
    serverNoContextTakeover: seen.has('server_no_context_takeover'),
    clientNoContextTakeover: seen.has('client_no_context_takeover'),
    serverMaxWindowBits: Number(seen.get('server_max_window_bits') ?? 15),
    clientMaxWindowBits: Number(seen.get('client_max_window_bits') ?? 15),
  }
}

function judgeParam(name: string, value: string | undefined, side: Side): string | undefined {
  switch (name) {
    case 'server_no_context_takeover':
    case 'client_no_context_takeover':
      return value === undefined ? undefined : `${name} has a value`
    case 'client_max_window_bits':
      if (value === undefined && side === 'offer') return undefined
      return judgeBits(name, value)
    case 'server_max_window_bits':
      return judgeBits(name, value)
    default:
      return `${name} is no parameter of permessage-deflate`
  }
}

/** RFC 7692 §7.1.2: a decimal integer without leading zeroes, 8 to 15. */
function judgeBits(name: string, value: string | undefined): string | undefined {
  return value !== undefined && /^(8|9|1[0-5])$/.test(value) ? undefined : `${name}=${value} is not 8 to 15`
}

/**
 * Judges a server's answer against the client's offers. Returns what was agreed, undefined when the server
 * answered nothing, or a sentence saying which rule the answer breaks.
 */
export function judgeAnswer(
  offer: string,
  answer: string | undefined,
): DeflateAgreement | undefined | string {
  if (answer === undefined) return undefined
  const answers = parseExtensions(answer)
  if (answers === undefined) return `the answer "${answer}" breaks the ABNF`
  const [only, ...more] = answers
  if (only === undefined || more.length > 0)
    return `the answer "${answer}" names ${answers.length} extensions`
  if (only.name !== 'permessage-deflate') return `the answer names "${only.name}", which was not offered`
  const agreed = readDeflateParams(only, 'answer')
  if (typeof agreed === 'string') return agreed
  const offers = (parseExtensions(offer) ?? []).filter((one) => one.name === 'permessage-deflate')
  const problems = offers.map((one) => matchOffer(one, only, agreed))
  const matched = offers[problems.indexOf(undefined)]
  if (matched !== undefined) return { ...agreed, clientMaxWindowBits: clientWindow(matched, only, agreed) }
  return `the answer "${answer}" fits no offer: ${problems.join('; ') || 'none was made'}`
}

const namesClientWindow = (one: Extension) => one.params.some(([name]) => name === 'client_max_window_bits')

/** RFC 7692 §7.1.2.2: a value in the offer binds the client even when the answer does not repeat it. */
function clientWindow(offer: Extension, answer: Extension, agreed: DeflateAgreement): number {
  const asked = readDeflateParams(offer, 'offer')
  return namesClientWindow(answer) || typeof asked === 'string'
    ? agreed.clientMaxWindowBits
    : asked.clientMaxWindowBits
}

/** RFC 7692 §7.1.1 and §7.1.2, the rules an answer must keep for the offer it accepts. */
function matchOffer(offer: Extension, answer: Extension, agreed: DeflateAgreement): string | undefined {
  const asked = readDeflateParams(offer, 'offer')
  if (typeof asked === 'string') return asked
  if (asked.serverNoContextTakeover && !agreed.serverNoContextTakeover)
    return 'server_no_context_takeover is missing'
  if (agreed.serverMaxWindowBits > asked.serverMaxWindowBits) {
    return `server_max_window_bits is above the ${asked.serverMaxWindowBits} asked for`
  }
  if (!namesClientWindow(answer)) return undefined
  if (!namesClientWindow(offer)) return 'client_max_window_bits was not offered'
  if (agreed.clientMaxWindowBits > asked.clientMaxWindowBits) {
    return 'client_max_window_bits is above the offer'
  }
  return undefined
}
