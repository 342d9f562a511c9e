/** Parsed header fields, names in lower case, as Node's HTTP parsers give them. */
export type HandshakeHeaders = Readonly<Record<string, string | readonly string[] | undefined>>

/** RFC 9110 §5.6.2. */
export const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"

const WHOLE_TOKEN = new RegExp(`^${TOKEN}$`)

/** A field's value; several lines of it are one list. RFC 9110 §5.3. */
export function headerValue(headers: HandshakeHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'object' ? value.join(', ') : value
}

/** The tokens of a list field, or null if it is not a list of at least one. Empty elements do not count. RFC 9110 §5.6.1. */
export function parseTokens(value: string): readonly string[] | null {
  const tokens: string[] = []
  for (const element of value.split(',')) {
    const token = element.trim()
    if (token === '') continue
    if (!WHOLE_TOKEN.test(token)) return null
    tokens.push(token)
  }
  return tokens.length === 0 ? null : tokens
}

/** Whether a list field names a token, in any case. Elements that are no tokens, such as `name/version`, count as given. */
export function listNames(value: string | undefined, name: string): boolean {
  const elements = value?.split(',') ?? []
  return elements.some((element) => element.trim().toLowerCase() === name)
}

/** One element of Sec-WebSocket-Extensions. A parameter without a value has null. */
export interface ExtensionElement {
  readonly name: string
  readonly parameters: readonly (readonly [name: string, value: string | null])[]
}

const NAME = new RegExp(`[ \\t]*(${TOKEN})`, 'y')
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"((?:[^"\\\\]|\\\\.)*)"))?`,
  'y',
)
const SEPARATOR = /[ \t]*(?:,|$)/y

/** Reads Sec-WebSocket-Extensions, or null if it does not follow the grammar of RFC 6455 §9.1: at least one element. */
export function parseExtensions(value: string): readonly ExtensionElement[] | null {
  const elements: ExtensionElement[] = []
  let at = 0
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(value)
    if (found !== null) at = pattern.lastIndex
    return found
  }
  while (at < value.length) {
    // An empty list element is allowed and means nothing. RFC 9110 §5.6.1.
    if (match(SEPARATOR) !== null) continue
    const name = match(NAME)?.[1]
    if (name === undefined) return null
    const parameters: [string, string | null][] = []
    for (let found = match(PARAMETER); found !== null; found = match(PARAMETER)) {
      const quoted = found[3]?.replace(/\\(.)/g, '$1')
      // RFC 6455 §9.1: a quoted value must be a token once its quotes are gone.
      if (quoted !== undefined && !WHOLE_TOKEN.test(quoted)) return null
      parameters.push([found[1] ?? '', found[2] ?? quoted ?? null])
    }
    if (match(SEPARATOR) === null) return null
    elements.push({ name, parameters })
  }
  return elements.length === 0 ? null : elements
}

/** Writes one element of Sec-WebSocket-Extensions. Values must be tokens. */
export function formatExtension({ name, parameters }: ExtensionElement): string {
  return [name, ...parameters.map(([key, value]) => (value === null ? key : `${key}=${value}`))].join('; ')
}
