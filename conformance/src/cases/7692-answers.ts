import type { DeflateOptions } from '../model.js'
import { require } from '../runner/mismatch.js'
import { concat, noise, prose } from '../wire/bytes.js'
import { parseExtensions } from '../wire/deflate-params.js'
import { RSV1 } from '../wire/frame.js'
import { headerValues } from '../wire/http1.js'
import { fails, getBinary, getText, message, send, Topic, text } from './build.js'
import { failsToOpen, opens } from './opening.js'

/** What a client offers, and what it makes of the server's answer (RFC 7692 §7.1). */

const on = { role: 'client', deflate: true } as const
const extension = (value: string) => ({ set: { 'Sec-WebSocket-Extensions': value } })
const PMD = 'permessage-deflate'
const material = concat([prose(300), noise(600), prose(40_000).subarray(0, 9_000)])
const PROOF = [1, 2, 3].flatMap(() => [send(message('binary', material)), getBinary(material)])

const asks = new Topic('7692-7.1-asks', 'RFC 7692 §7.1', { on })
for (const [options, param, value] of [
  [{ serverNoContextTakeover: true }, 'server_no_context_takeover', undefined],
  [{ clientNoContextTakeover: true }, 'client_no_context_takeover', undefined],
  [{ serverMaxWindowBits: 10 }, 'server_max_window_bits', '10'],
  [{ clientMaxWindowBits: 11 }, 'client_max_window_bits', '11'],
] as const satisfies readonly (readonly [DeflateOptions, string, string | undefined])[]) {
  asks.add({
    title: `a client that wants ${JSON.stringify(options)} offers ${param}`,
    options: { deflate: options },
    steps: [
      {
        run: async ({ request }) => {
          const offer = headerValues(request ?? { headers: [] }, 'Sec-WebSocket-Extensions').join(', ')
          const [first] = parseExtensions(offer) ?? []
          const found = first?.params.find(([name]) => name === param)
          require(found !== undefined &&
            found[1] === value, `${param}${value === undefined ? '' : `=${value}`}`, offer)
        },
      },
      ...PROOF,
    ],
  })
}

const right = new Topic('7692-7.1-answer', 'RFC 7692 §7.1', { on })
right
  .add({
    title: 'no answer: the connection opens without compression, and RSV1 means nothing',
    opening: opens({ drop: ['Sec-WebSocket-Extensions'] }),
    steps: [send(text('plain')), getText('plain'), send(text('no meaning', { rsv: RSV1 })), fails(1002)],
  })
  .add({ title: PMD, opening: opens(extension(PMD)), steps: PROOF })
for (const params of [
  'server_no_context_takeover',
  'client_no_context_takeover',
  'client_no_context_takeover; server_no_context_takeover',
]) {
  right.add({ title: `${PMD}; ${params}`, opening: opens(extension(`${PMD}; ${params}`)), steps: PROOF })
}
// RFC 7692 §7.1.2.1: a server may limit its own window unasked.
for (const bits of [8, 9, 10, 11, 12, 13, 14, 15]) {
  const answer = `${PMD}; server_max_window_bits=${bits}`
  right.add({ title: answer, opening: opens(extension(answer)), steps: PROOF })
}
for (const bits of [9, 10, 11, 12]) {
  const answer = `${PMD}; client_max_window_bits=${bits}`
  right.add({
    title: `${answer} to an offer of 12: the client keeps to it`,
    options: { deflate: { clientMaxWindowBits: 12 } },
    opening: opens(extension(answer)),
    steps: PROOF,
  })
}
for (const bits of [8, 9, 10]) {
  const answer = `${PMD}; server_max_window_bits=${bits}`
  right.add({
    title: `${answer} to an offer of 10`,
    options: { deflate: { serverMaxWindowBits: 10 } },
    opening: opens(extension(answer)),
    steps: PROOF,
  })
}
right
  .add({
    title: 'server_no_context_takeover to a client that asked for it',
    options: { deflate: { serverNoContextTakeover: true } },
    opening: opens(extension(`${PMD}; server_no_context_takeover`)),
    steps: PROOF,
  })
  .add({
    title: 'a client that said client_no_context_takeover keeps no context, whatever the answer says',
    options: { deflate: { clientNoContextTakeover: true } },
    opening: opens(extension(`${PMD}; client_no_context_takeover`)),
    steps: PROOF,
  })
  .add({
    title: 'a window in quotes is the window',
    level: 'should',
    opening: opens(extension(`${PMD}; server_max_window_bits="10"`)),
    steps: PROOF,
  })

const wrong = new Topic('7692-7.1-wrong', 'RFC 7692 §7.1', { on })
for (const [title, answer] of [
  ['an unknown parameter', `${PMD}; mode=fast`],
  ['server_no_context_takeover with a value', `${PMD}; server_no_context_takeover=1`],
  ['client_no_context_takeover with a value', `${PMD}; client_no_context_takeover=1`],
  ['server_max_window_bits without a value', `${PMD}; server_max_window_bits`],
  ['server_max_window_bits of 7', `${PMD}; server_max_window_bits=7`],
  ['server_max_window_bits of 16', `${PMD}; server_max_window_bits=16`],
  ['server_max_window_bits with a leading zero', `${PMD}; server_max_window_bits=08`],
  ['server_max_window_bits that is no number', `${PMD}; server_max_window_bits=x`],
  ['client_max_window_bits without a value', `${PMD}; client_max_window_bits`],
  ['client_max_window_bits of 7', `${PMD}; client_max_window_bits=7`],
  ['client_max_window_bits of 16', `${PMD}; client_max_window_bits=16`],
  ['server_no_context_takeover twice', `${PMD}; server_no_context_takeover; server_no_context_takeover`],
  ['server_max_window_bits twice', `${PMD}; server_max_window_bits=10; server_max_window_bits=10`],
  ['permessage-deflate twice', `${PMD}, ${PMD}`],
  ['an extension that was not offered', 'x-unknown'],
  ['an extension that was not offered behind one that was', `${PMD}, x-unknown`],
  ['an empty answer', ''],
  ['an answer that ends with a semicolon', `${PMD};`],
  ['an answer that breaks the grammar', `${PMD}; =1`],
] as const) {
  wrong.add({ title: `the client fails on ${title}`, opening: failsToOpen(extension(answer)) })
}
for (const [title, options, answer] of [
  ['no server_no_context_takeover, which it asked for', { serverNoContextTakeover: true }, PMD],
  ['no server_max_window_bits, which it asked for', { serverMaxWindowBits: 10 }, PMD],
  [
    'a larger server_max_window_bits than it asked for',
    { serverMaxWindowBits: 10 },
    `${PMD}; server_max_window_bits=11`,
  ],
  [
    'a larger client_max_window_bits than it offered',
    { clientMaxWindowBits: 10 },
    `${PMD}; client_max_window_bits=11`,
  ],
] as const) {
  wrong.add({
    title: `the client fails on ${title}`,
    options: { deflate: options },
    opening: failsToOpen(extension(answer)),
  })
}

export const answers = [...asks.cases, ...right.cases, ...wrong.cases]
