import { describe, expect, it } from 'vitest'
import { formatExtension, parseExtensions } from './handshake-header.js'
import {
  acceptOffer,
  DEFAULT_DEFLATE_OPTIONS,
  type DeflateOptions,
  makeOffer,
  readAgreement,
} from './permessage-deflate.js'

const BOTH_KEEP: DeflateOptions = { ...DEFAULT_DEFLATE_OPTIONS, serverContextTakeover: true }

/** A server's response to a client's header, as text; null when it goes on without compression. */
function answer(offer: string, options: DeflateOptions = BOTH_KEEP): string | null {
  const accepted = acceptOffer(parseExtensions(offer) ?? [], options)
  return accepted === null ? null : formatExtension(accepted.response)
}

/** What a client makes of a server's header. */
function read(response: string, options: DeflateOptions = BOTH_KEEP) {
  const [element] = parseExtensions(response) ?? []
  if (element === undefined) throw new Error('not a response')
  return readAgreement(element, options)
}

describe('[E20] RFC 7692 §7.1: a server accepts an offer', () => {
  it.each([
    ['permessage-deflate', 'permessage-deflate'],
    // §7.1.1.1: what the client asks of us is granted by repeating it.
    ['permessage-deflate; server_no_context_takeover', 'permessage-deflate; server_no_context_takeover'],
    ['permessage-deflate; client_no_context_takeover', 'permessage-deflate; client_no_context_takeover'],
    // §7.1.2.1: the same or a smaller value.
    ['permessage-deflate; server_max_window_bits=10', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits="10"', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=15', 'permessage-deflate; server_max_window_bits=15'],
    ['permessage-deflate; server_max_window_bits=8', 'permessage-deflate; server_max_window_bits=8'],
    // §7.1.2.2: a hint, which need not be answered while we allow all of it.
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits=10', 'permessage-deflate; client_max_window_bits=10'],
  ])('%s', (offer, response) => {
    expect(answer(offer)).toBe(response)
  })

  it.each([
    ['an unknown parameter', 'permessage-deflate; server_max_window=10'],
    ['a parameter twice', 'permessage-deflate; client_max_window_bits; client_max_window_bits'],
    ['a value where none belongs', 'permessage-deflate; server_no_context_takeover=true'],
    ['a value where none belongs', 'permessage-deflate; client_no_context_takeover=1'],
    ['no value where one is needed', 'permessage-deflate; server_max_window_bits'],
    ['7 bits', 'permessage-deflate; server_max_window_bits=7'],
    ['16 bits', 'permessage-deflate; client_max_window_bits=16'],
    ['a leading zero', 'permessage-deflate; server_max_window_bits=08'],
    ['not a number', 'permessage-deflate; client_max_window_bits=ten'],
    ['another extension', 'permessage-bzip2'],
  ])('%s is declined', (_, offer) => {
    expect(answer(offer)).toBeNull()
  })

  it('§5.1: after a declined offer the next one is considered', () => {
    expect(
      answer('permessage-deflate; foo, permessage-deflate; server_max_window_bits=9, permessage-deflate'),
    ).toBe('permessage-deflate; server_max_window_bits=9')
  })

  it('our own wishes go into the response', () => {
    const options = {
      ...DEFAULT_DEFLATE_OPTIONS,
      clientContextTakeover: false,
      serverMaxWindowBits: 12,
      clientMaxWindowBits: 11,
    }
    expect(answer('permessage-deflate; client_max_window_bits; server_max_window_bits=13', options)).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=12; client_max_window_bits=11',
    )
  })

  it('§7.1.2.2: a client that cannot limit its window is declined when its window must be limited', () => {
    expect(answer('permessage-deflate', { ...BOTH_KEEP, clientMaxWindowBits: 11 })).toBeNull()
  })
})

describe('[E20] RFC 7692 §7.1: a client offers and reads the response', () => {
  it('the offer says what we are ready for', () => {
    expect(formatExtension(makeOffer(BOTH_KEEP))).toBe('permessage-deflate; client_max_window_bits')
    const wishes = {
      serverContextTakeover: false,
      clientContextTakeover: false,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 9,
    }
    expect(formatExtension(makeOffer(wishes))).toBe(
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=10; client_max_window_bits=9',
    )
  })

  it('a plain response leaves windows whole and kept', () => {
    expect(read('permessage-deflate')).toEqual(BOTH_KEEP)
  })

  it('a response may narrow everything, asked or not', () => {
    expect(
      read(
        'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=8',
      ),
    ).toEqual({
      serverContextTakeover: false,
      clientContextTakeover: false,
      serverMaxWindowBits: 9,
      clientMaxWindowBits: 8,
    })
  })

  it.each([
    ['an unknown parameter', 'permessage-deflate; x', BOTH_KEEP, 'is unknown'],
    [
      'a parameter twice',
      'permessage-deflate; server_no_context_takeover; server_no_context_takeover',
      BOTH_KEEP,
      'twice',
    ],
    ['an invalid value', 'permessage-deflate; server_max_window_bits=16', BOTH_KEEP, '8 to 15'],
    [
      'client bits without a value',
      'permessage-deflate; client_max_window_bits',
      BOTH_KEEP,
      'must have a value',
    ],
    ['takeover we declined', 'permessage-deflate', DEFAULT_DEFLATE_OPTIONS, 'is missing'],
    [
      'a larger server window',
      'permessage-deflate; server_max_window_bits=11',
      { ...BOTH_KEEP, serverMaxWindowBits: 10 },
      'at most 10',
    ],
    [
      'an unlimited server window',
      'permessage-deflate',
      { ...BOTH_KEEP, serverMaxWindowBits: 10 },
      'at most 10',
    ],
    [
      'a larger client window',
      'permessage-deflate; client_max_window_bits=11',
      { ...BOTH_KEEP, clientMaxWindowBits: 10 },
      'at most 10',
    ],
  ])('%s is refused', (_, response, options, reason) => {
    expect(read(response, options)).toContain(reason)
  })

  const bits = [8, 9, 12, 15]
  const wishes = bits.flatMap((serverMaxWindowBits) =>
    bits.flatMap((clientMaxWindowBits) =>
      [0, 1, 2, 3].map((flags) => ({
        serverContextTakeover: (flags & 1) !== 0,
        clientContextTakeover: (flags & 2) !== 0,
        serverMaxWindowBits,
        clientMaxWindowBits,
      })),
    ),
  )
  const servers = [
    BOTH_KEEP,
    DEFAULT_DEFLATE_OPTIONS,
    { ...BOTH_KEEP, serverMaxWindowBits: 10, clientMaxWindowBits: 10 },
  ]

  it.each(wishes)('whatever a server of ours answers, a client of ours reads as it was meant: %j', (wish) => {
    for (const server of servers) {
      const accepted = acceptOffer([makeOffer(wish)], server)
      if (accepted === null) throw new Error('declined')
      expect(readAgreement(accepted.response, wish)).toEqual(accepted.agreement)
    }
  })
})

describe('[E20] RFC 6455 §9.1: the grammar of Sec-WebSocket-Extensions', () => {
  it.each([
    ['a', [{ name: 'a', parameters: [] }]],
    [
      ' a , , b ',
      [
        { name: 'a', parameters: [] },
        { name: 'b', parameters: [] },
      ],
    ],
    [
      'a;b;c=d',
      [
        {
          name: 'a',
          parameters: [
            ['b', null],
            ['c', 'd'],
          ],
        },
      ],
    ],
    [
      'a ; b = "c" ; d',
      [
        {
          name: 'a',
          parameters: [
            ['b', 'c'],
            ['d', null],
          ],
        },
      ],
    ],
    ['a; b="\\c"', [{ name: 'a', parameters: [['b', 'c']] }]],
  ])('%j', (text, elements) => {
    expect(parseExtensions(text)).toEqual(elements)
  })

  it.each(['', ',', 'a;', 'a b', '=', 'a;b=', 'a;b="', 'a;b="c d"', 'a;b=""', 'a;=b', 'ä', 'a;b="c', ';a'])(
    '%j is malformed',
    (text) => {
      expect(parseExtensions(text)).toBeNull()
    },
  )
})
