import { concat, latin1, utf8 } from './bytes.js'

/** HPACK (RFC 7541), as far as one side with an empty dynamic table needs it. */

type Header = readonly [name: string, value: string]

// RFC 7541 Appendix A.
const STATIC_TABLE: readonly Header[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  ...['200', '204', '206', '304', '400', '404', '500'].map((status) => [':status', status] as const),
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ...`accept-language accept-ranges accept access-control-allow-origin age allow authorization cache-control
  content-disposition content-encoding content-language content-length content-location content-range content-type
  cookie date etag expect expires from host if-match if-modified-since if-none-match if-range if-unmodified-since
  last-modified link location max-forwards proxy-authenticate proxy-authorization range referer refresh retry-after
  server set-cookie strict-transport-security transfer-encoding user-agent vary via www-authenticate`
    .split(/\s+/)
    .map((name) => [name, ''] as const),
]

/**
 * RFC 7541 Appendix B for printable octets. The code is canonical: within one length codes rise with the octet,
 * and no code of 15 bits or fewer belongs to anything else than these (and NUL).
 */
const HUFFMAN_BY_LENGTH: Readonly<Record<number, string>> = {
  5: '012aceiost',
  6: ' %-./3456789=A_bdfghlmnpru',
  7: ':BCDEFGHIJKLMNOPQRSTUVWYjkqvwxyz',
  8: '&*,;XZ',
  10: '!"()?',
  11: "'+|",
  12: '#>',
  13: '\0$@[]~',
  14: '^}',
  15: '<`{',
}

const HUFFMAN = buildHuffman()

function buildHuffman(): ReadonlyMap<string, string> {
  const codes = new Map<string, string>()
  let code = 0
  for (let length = 5; length <= 15; length++) {
    for (const char of HUFFMAN_BY_LENGTH[length] ?? '')
      codes.set((code++).toString(2).padStart(length, '0'), char)
    code <<= 1
  }
  return codes
}

/** Literals without indexing and without Huffman (RFC 7541 §6.2.2): always legal, never stateful. */
export function encodeHeaders(headers: readonly Header[]): Uint8Array {
  return concat(
    headers.flatMap(([name, value]) => [Uint8Array.of(0), encodeString(name), encodeString(value)]),
  )
}

function encodeString(text: string): Uint8Array {
  const data = utf8(text)
  return concat([encodeInteger(data.byteLength, 7), data])
}

/** RFC 7541 §5.1. */
function encodeInteger(value: number, prefix: number): Uint8Array {
  const limit = 2 ** prefix - 1
  if (value < limit) return Uint8Array.of(value)
  const out = [limit]
  let rest = value - limit
  for (; rest >= 128; rest >>= 7) out.push((rest & 127) | 128)
  return Uint8Array.from([...out, rest])
}

/** Decodes a header block. The suite announces a table of size 0, so an index above 61 is an error of the peer. */
export function decodeHeaders(block: Uint8Array): Header[] {
  const reader = new HpackReader(block)
  const headers: Header[] = []
  while (!reader.done()) {
    const header = reader.field()
    if (header !== undefined) headers.push(header)
  }
  return headers
}

class HpackReader {
  readonly #block: Uint8Array
  #at = 0

  constructor(block: Uint8Array) {
    this.#block = block
  }

  done(): boolean {
    return this.#at >= this.#block.byteLength
  }

  field(): Header | undefined {
    const first = this.#block[this.#at] ?? 0
    if ((first & 0x80) !== 0) return this.#entry(this.#integer(7))
    // RFC 7541 §6.3: a change of the table's size; it stays empty here.
    if ((first & 0xe0) === 0x20) {
      this.#integer(5)
      return undefined
    }
    const index = this.#integer((first & 0x40) !== 0 ? 6 : 4)
    const name = index === 0 ? this.#string() : this.#entry(index)[0]
    return [name, this.#string()]
  }

  #entry(index: number): Header {
    const entry = STATIC_TABLE[index - 1]
    if (entry === undefined) throw new Error(`HPACK index ${index} is outside of the static table`)
    return entry
  }

  #integer(prefix: number): number {
    const limit = 2 ** prefix - 1
    let value = (this.#block[this.#at++] ?? 0) & limit
    if (value < limit) return value
    for (let shift = 0; ; shift += 7) {
      const octet = this.#block[this.#at++] ?? 0
      value += (octet & 127) << shift
      if ((octet & 128) === 0) return value
    }
  }

  #string(): string {
    const huffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0
    const length = this.#integer(7)
    const data = this.#block.subarray(this.#at, this.#at + length)
    this.#at += length
    return huffman ? decodeHuffman(data) : latin1(data)
  }
}

function decodeHuffman(data: Uint8Array): string {
  let out = ''
  let code = ''
  for (const octet of data) {
    for (const bit of octet.toString(2).padStart(8, '0')) {
      code += bit
      const char = HUFFMAN.get(code)
      if (char === undefined) continue
      out += char
      code = ''
    }
  }
  return out
}
