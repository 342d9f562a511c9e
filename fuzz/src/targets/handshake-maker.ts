import { latin1, utf8 } from '../bytes.js'
import type { Random } from '../random.js'

/** A head as lines of latin1: a first line, then `name: value`. What mutations leave of it is read leniently. */
export interface Head {
  readonly first: readonly string[]
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

export function writeHead(first: string, headers: readonly (readonly [string, string])[]): Uint8Array {
  return utf8([first, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n'))
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Only what an HTTP parser lets through: the method is a token, the version two digits, names are tokens, values hold no NUL and no line break.
 * Repeated fields become lists for some inputs and are joined for others, as HTTP parsers do either.
 */
export function readHead(input: Uint8Array): Head {
  const [first = '', ...lines] = latin1(input)
    .replaceAll(/[\0\r]/g, '')
    .split('\n')
  const headers: Record<string, string | string[] | undefined> = {}
  for (const line of lines) {
    // From the second character on, because pseudo-headers begin with a colon.
    const colon = line.indexOf(':', 1)
    if (colon < 1) continue
    const name = line.slice(0, colon).trim().toLowerCase()
    if (!TOKEN.test(name.replace(/^:/, ''))) continue
    const value = line.slice(colon + 1).trim()
    const before = headers[name]
    if (before === undefined) headers[name] = value
    else if (Array.isArray(before)) before.push(value)
    else headers[name] = line.length % 2 === 0 ? [before, value] : `${before}, ${value}`
  }
  const [method = '', version = '', ...others] = first.split(' ')
  const known = [
    TOKEN.test(method) ? method.slice(0, 20) : 'GET',
    /^\d(\.\d)?$/.test(version) ? version : '1.1',
  ]
  return { first: [...known, ...others], headers }
}

export const KEYS = [
  'dGhlIHNhbXBsZSBub25jZQ==',
  'AAAAAAAAAAAAAAAAAAAAAA==',
  'short',
  '',
  '+/+/+/+/+/+/+/+/+/+/+w==',
]
export const PROTOCOLS = ['chat.v1', 'chat.v2, chat.v1', 'soap', '', 'a b', 'chat.v1,,', 'CHAT.V1']
export const EXTENSIONS = [
  'permessage-deflate',
  'permessage-deflate; client_max_window_bits',
  'permessage-deflate; server_max_window_bits=10',
  'foo; bar=1',
  '',
  ';',
  'permessage-deflate; x',
]

/** Some of these fields: mostly each once, sometimes none, sometimes twice. */
export function someOf(
  random: Random,
  fields: readonly (readonly [string, readonly string[]])[],
): (readonly [string, string])[] {
  return fields.flatMap(([name, values]) => {
    const value = random.chance(0.7) ? (values[0] ?? '') : random.pick(values)
    if (random.chance(0.08)) return []
    return random.chance(0.06)
      ? [[name, value] as const, [name, random.pick(values)] as const]
      : [[name, value] as const]
  })
}
