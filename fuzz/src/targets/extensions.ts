import {
  acceptOffer,
  DEFAULT_DEFLATE_OPTIONS,
  type DeflateOptions,
  formatExtension,
  makeOffer,
  parseExtensions,
  readAgreement,
} from '@millrace/server/engine'
import { latin1, utf8 } from '../bytes.js'
import { type Random, Random as Seeded, seedOf } from '../random.js'
import { hold, type Target } from '../target.js'

const NAMES = ['permessage-deflate', 'x-webkit-deflate-frame', 'foo', 'a!#$%&', '', '"q"']
const PARAMS = [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'server_max_window_bits',
  'client_max_window_bits',
  'mode',
  '',
]
const VALUES = ['', '=8', '=10', '=15', '=16', '=07', '="12"', '="1\\2"', '="', '=', '=true', ' = 9 ']

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Sec-WebSocket-Extensions (RFC 6455 §9.1) and what is agreed from it (RFC 7692 §7.1). */
export const extensionsTarget: Target = {
  name: 'extensions',
  about: 'Sec-WebSocket-Extensions and its parameters',
  make: (random) => {
    const elements = Array.from({ length: 1 + random.int(4) }, () => element(random))
    return utf8(elements.join(random.pick([', ', ',', ' , ', ',,'])))
  },
  run: (input) => {
    const text = latin1(input)
    const parsed = parseExtensions(text)
    if (parsed === null) return 'refused'
    for (const { name, parameters } of parsed) {
      const tokens = [name, ...parameters.flatMap(([key, value]) => (value === null ? [key] : [key, value]))]
      for (const token of tokens) hold(TOKEN.test(token), `${JSON.stringify(token)} was read as a token`)
    }
    const again = parsed.map(formatExtension).join(', ')
    if (parsed.length > 0) {
      hold(JSON.stringify(parseExtensions(again)) === JSON.stringify(parsed), `written again: ${again}`)
    }
    const options = someOptions(new Seeded(seedOf(input)))
    const accepted = acceptOffer(parsed, options)
    if (accepted !== null) checkAcceptance(accepted, options)
    const answers = parsed.map((one) => typeof readAgreement(one, options))
    return `read ${Math.min(5, parsed.length)} ${accepted === null ? 'declined' : 'accepted'} ${answers.slice(0, 4).join()}`
  },
}

function element(random: Random): string {
  const params = Array.from(
    { length: random.int(4) },
    () => `${random.pick([';', '; ', ' ; '])}${random.pick(PARAMS)}${random.pick(VALUES)}`,
  )
  return `${random.chance(0.7) ? 'permessage-deflate' : random.pick(NAMES)}${params.join('')}`
}

export function someOptions(random: Random): DeflateOptions {
  const bits = () => (random.chance(0.5) ? 15 : 8 + random.int(8))
  return {
    ...DEFAULT_DEFLATE_OPTIONS,
    serverContextTakeover: random.chance(0.5),
    clientContextTakeover: random.chance(0.5),
    serverMaxWindowBits: bits(),
    clientMaxWindowBits: bits(),
  }
}

/** An answer must keep the server's own limits, be readable, and be understood by our own client when it asked the same. */
function checkAcceptance(
  { agreement, response }: NonNullable<ReturnType<typeof acceptOffer>>,
  options: DeflateOptions,
): void {
  for (const bits of [agreement.serverMaxWindowBits, agreement.clientMaxWindowBits])
    hold(bits >= 8 && bits <= 15, `a window of ${bits} bits`)
  hold(
    agreement.serverMaxWindowBits <= options.serverMaxWindowBits,
    'a larger window than the server allows itself',
  )
  hold(
    agreement.clientMaxWindowBits <= options.clientMaxWindowBits,
    'a larger window than the server allows the client',
  )
  hold(!agreement.serverContextTakeover || options.serverContextTakeover, 'a context kept that must not be')
  const names = response.parameters.map(([name]) => name)
  hold(new Set(names).size === names.length, 'a parameter twice in the answer')
  hold(
    parseExtensions(formatExtension(response))?.length === 1,
    `the answer cannot be read: ${formatExtension(response)}`,
  )
  const own = acceptOffer([makeOffer(options)], options)
  hold(
    own !== null && typeof readAgreement(own.response, options) !== 'string',
    'our server and our client do not agree',
  )
}
