import type { DeflateOptions, Level } from '../model.js'
import { concat, noise, prose } from '../wire/bytes.js'
import { RSV1 } from '../wire/frame.js'
import { fails, getBinary, getText, message, send, Topic, text } from './build.js'
import { accepted } from './opening.js'

/** What a server makes of offers (RFC 7692 §7.1). Every answer is also judged by the rules all answers must keep. */

const on = { role: 'server', deflate: true } as const
const extension = (value: string) => ({ set: { 'Sec-WebSocket-Extensions': value } })

/**
 * Proof that both ends do what they agreed on: the second message repeats the first, far matches and near ones,
 * so a context kept or a window passed where it must not be makes the suite's inflater fail.
 */
const material = concat([prose(300), noise(600), prose(40_000).subarray(0, 9_000)])
const PROOF = [1, 2, 3].flatMap(() => [send(message('binary', material)), getBinary(material)])

interface Offer {
  readonly offer: string
  readonly agreed?: DeflateOptions
  readonly level?: Level
  readonly options?: DeflateOptions
  readonly deflate?: 'accepted' | 'either'
}

const taken = new Topic('7692-7.1-offer', 'RFC 7692 §7.1', { on, level: 'should' })

function accepts({ offer, agreed, level, options, deflate = 'accepted' }: Offer): void {
  const config =
    options === undefined
      ? ''
      : ` to a server with ${Object.entries(options).map(([name, value]) => `${name}: ${value}`)}`
  taken.add({
    title: `${offer}${config}`,
    opening: accepted(extension(offer), {
      extension: { deflate, ...(agreed === undefined ? {} : { agreed }) },
    }),
    steps: PROOF,
    ...(level === undefined ? {} : { level }),
    ...(options === undefined ? {} : { options: { deflate: options } }),
  })
}

const PMD = 'permessage-deflate'
accepts({ offer: PMD })
accepts({ offer: `${PMD}; server_no_context_takeover`, agreed: { serverNoContextTakeover: true } })
accepts({ offer: `${PMD}; client_no_context_takeover` })
accepts({
  offer: `${PMD}; server_no_context_takeover; client_no_context_takeover`,
  agreed: { serverNoContextTakeover: true },
})
accepts({ offer: `${PMD}; client_max_window_bits` })
for (const bits of [8, 9, 10, 11, 12, 13, 14, 15]) {
  accepts({ offer: `${PMD}; client_max_window_bits=${bits}`, ...(bits === 8 ? { deflate: 'either' } : {}) })
  // A server whose deflate has no window of 256 octets must decline 8; judgeAnswer refuses anything above.
  accepts({ offer: `${PMD}; server_max_window_bits=${bits}`, ...(bits === 8 ? { deflate: 'either' } : {}) })
}
accepts({ offer: `${PMD}; server_max_window_bits=10; client_max_window_bits=11` })
accepts({
  offer: `${PMD}; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=9`,
  agreed: { serverNoContextTakeover: true },
})
accepts({
  offer: `${PMD} ; client_max_window_bits ; server_max_window_bits = 11`,
  level: 'choice',
  deflate: 'either',
})
accepts({ offer: `${PMD}; server_max_window_bits=10, ${PMD}` })
accepts({
  offer: `${PMD}; server_max_window_bits=99, ${PMD}; server_no_context_takeover`,
  agreed: { serverNoContextTakeover: true },
})
accepts({ offer: `${PMD}; unknown, ${PMD}` })
accepts({
  offer: `${PMD}; server_no_context_takeover; server_no_context_takeover, ${PMD}`,
  agreed: { serverMaxWindowBits: 15 },
})
accepts({ offer: PMD, options: { serverNoContextTakeover: true }, agreed: { serverNoContextTakeover: true } })
accepts({ offer: PMD, options: { clientNoContextTakeover: true }, agreed: { clientNoContextTakeover: true } })
accepts({
  offer: PMD,
  options: { serverNoContextTakeover: true, clientNoContextTakeover: true },
  agreed: { serverNoContextTakeover: true, clientNoContextTakeover: true },
})
accepts({ offer: PMD, options: { serverMaxWindowBits: 10 }, agreed: { serverMaxWindowBits: 10 } })
accepts({
  offer: `${PMD}; server_max_window_bits=9`,
  options: { serverMaxWindowBits: 12 },
  agreed: { serverMaxWindowBits: 9 },
})
accepts({
  offer: `${PMD}; server_max_window_bits=14`,
  options: { serverMaxWindowBits: 10 },
  agreed: { serverMaxWindowBits: 10 },
})
accepts({
  offer: `${PMD}; client_max_window_bits`,
  options: { clientMaxWindowBits: 10 },
  agreed: { clientMaxWindowBits: 10 },
})
accepts({
  offer: `${PMD}; client_max_window_bits=9`,
  options: { clientMaxWindowBits: 12 },
  agreed: { clientMaxWindowBits: 9 },
  level: 'choice',
})
accepts({
  offer: `${PMD}; client_max_window_bits=14`,
  options: { clientMaxWindowBits: 10 },
  agreed: { clientMaxWindowBits: 10 },
})
// RFC 7692 §7.1.2.2: without the parameter in the offer the server cannot ask for less than 15.
accepts({ offer: PMD, options: { clientMaxWindowBits: 10 }, deflate: 'either' })

const declined = new Topic('7692-7.1-declined', 'RFC 7692 §7.1', { on })
for (const [title, params] of [
  ['server_max_window_bits without a value', 'server_max_window_bits'],
  ['server_max_window_bits of 7', 'server_max_window_bits=7'],
  ['server_max_window_bits of 16', 'server_max_window_bits=16'],
  ['server_max_window_bits of 0', 'server_max_window_bits=0'],
  ['server_max_window_bits with a leading zero', 'server_max_window_bits=09'],
  ['server_max_window_bits with a sign', 'server_max_window_bits=+10'],
  ['server_max_window_bits that is no number', 'server_max_window_bits=ten'],
  ['server_max_window_bits in hex', 'server_max_window_bits=0xa'],
  ['server_max_window_bits with a fraction', 'server_max_window_bits=10.0'],
  ['client_max_window_bits of 7', 'client_max_window_bits=7'],
  ['client_max_window_bits of 16', 'client_max_window_bits=16'],
  ['client_max_window_bits with a leading zero', 'client_max_window_bits=015'],
  ['client_max_window_bits that is no number', 'client_max_window_bits=auto'],
  ['server_no_context_takeover with a value', 'server_no_context_takeover=1'],
  ['client_no_context_takeover with a value', 'client_no_context_takeover=true'],
  ['an unknown parameter', 'mode=fast'],
  ['an unknown parameter among known ones', 'server_no_context_takeover; level=9; client_max_window_bits'],
  ['a parameter that only begins like a known one', 'server_no_context_takeover2'],
  ['server_no_context_takeover twice', 'server_no_context_takeover; server_no_context_takeover'],
  ['client_no_context_takeover twice', 'client_no_context_takeover; client_no_context_takeover'],
  ['server_max_window_bits twice', 'server_max_window_bits=10; server_max_window_bits=10'],
  ['client_max_window_bits twice', 'client_max_window_bits; client_max_window_bits=10'],
] as const) {
  declined.add({
    title: `an offer with ${title} is declined`,
    opening: accepted(extension(`${PMD}; ${params}`), { extension: { deflate: 'declined' } }),
    steps: [send(text('plain')), getText('plain'), send(text('no meaning', { rsv: RSV1 })), fails(1002)],
  })
}
declined
  .add({
    title: 'nothing is answered when nothing was offered, and RSV1 means nothing',
    opening: accepted({ drop: ['Sec-WebSocket-Extensions'] }, { extension: { deflate: 'declined' } }),
    steps: [send(text('plain')), getText('plain'), send(text('no meaning', { rsv: RSV1 })), fails(1002)],
  })
  .add({
    title: 'a server that does not want compression answers nothing',
    on: { role: 'server', deflate: false },
    opening: accepted(extension(PMD), { extension: { deflate: 'declined' } }),
    steps: [send(text('plain')), getText('plain')],
  })

export const offers = [...taken.cases, ...declined.cases]
