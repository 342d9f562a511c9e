import { MillraceError } from './codes.js'

/** Longest channel name, in characters (which are bytes: names are ASCII). */
export const MAX_CHANNEL_NAME = 255

/** Lower case and starting with a letter, so that it can head a metric's label or a key in any store. */
const NAMESPACE = /^[a-z][a-z0-9_-]{0,63}$/
/** What a name may not hold: all that would be escaped in a URL's path, and `{ } * ? #`. */
const FOREIGN = /[^A-Za-z0-9_.~@=+,/:%!$&'();-]/u

/** Throws `invalid-channel`, saying which part of the name is wrong. Rule [P2.1]. */
export function checkChannelName(name: string): void {
  const wrong = whatIsWrong(name)
  if (wrong === undefined) return
  // A name that is too long is not repeated to the sender.
  const shown = name.length > MAX_CHANNEL_NAME ? '' : ` ${JSON.stringify(name)}`
  throw new MillraceError('invalid-channel', {
    message: `The channel name${shown} ${wrong}`,
    field: 'channel',
  })
}

function whatIsWrong(name: string): string | undefined {
  if (name.length > MAX_CHANNEL_NAME) return `has ${name.length} characters; ${MAX_CHANNEL_NAME} are allowed`
  const colon = name.indexOf(':')
  if (colon < 0) return "must be 'namespace:rest', and has no colon"
  if (!NAMESPACE.test(name.slice(0, colon)))
    return "must begin with a namespace: a letter, then up to 63 of a-z, 0-9, '_' and '-'"
  if (colon === name.length - 1) return 'has nothing after its namespace'
  const foreign = FOREIGN.exec(name)
  return foreign === null ? undefined : `holds ${JSON.stringify(foreign[0])}, which must be percent-encoded`
}

/** A segment of a pattern, which runs from colon to colon: literal texts, with a parameter between each two. */
interface Segment {
  readonly literals: readonly string[]
  readonly params: readonly string[]
}

/** A channel pattern taken apart. */
export interface ChannelPattern {
  readonly pattern: string
  readonly namespace: string
  readonly params: readonly string[]
  /** How many characters are literal: the more, the more specific. */
  readonly literal: number
  readonly segments: readonly Segment[]
}

/**
 * Reads a pattern such as `chat:{room}` or `game:{id}:team:{team}`. A parameter matches one or more characters without a
 * colon. Throws a TypeError for what is not a pattern: it is the developer's mistake, at startup. Rule [P2.2].
 */
export function parsePattern(pattern: string): ChannelPattern {
  const bad = (why: string) => new TypeError(`Channel pattern '${pattern}' ${why}`)
  const params = [...pattern.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name)
  for (const param of params) {
    if (!/^[A-Za-z]\w*$/.test(param)) throw bad(`has '{${param}}', which is no parameter name`)
    if (params.indexOf(param) !== params.lastIndexOf(param)) throw bad(`names '{${param}}' twice`)
  }
  if (pattern.includes('}{')) throw bad('has two parameters side by side: nothing says where one ends')
  const wrong = whatIsWrong(pattern.replace(/\{\w*\}/g, 'x'))
  const namespace = pattern.slice(0, pattern.indexOf(':'))
  if (wrong !== undefined) throw bad(wrong)
  if (namespace.includes('{')) throw bad('must begin with a literal namespace')
  const segments = pattern.split(':').map((segment) => ({
    literals: segment.split(/\{\w*\}/),
    params: [...segment.matchAll(/\{(\w*)\}/g)].map(([, name = '']) => name),
  }))
  return { pattern, namespace, params, literal: pattern.replace(/\{\w*\}/g, '').length, segments }
}

/** The parameters of a name under a pattern, or undefined when it does not match. */
export function matchPattern(pattern: ChannelPattern, name: string): Record<string, string> | undefined {
  const parts = name.split(':')
  if (parts.length !== pattern.segments.length) return undefined
  const params: Record<string, string> = {}
  return pattern.segments.every((segment, index) => matchSegment(segment, parts[index] ?? '', params))
    ? params
    : undefined
}

/**
 * Takes each literal where it stands first, so that parameters are as short as can be. Since anything may follow a
 * parameter's first character, no other place could match where this one does not, and nothing is tried twice: a regular
 * expression would, and a hostile name could keep it busy.
 */
function matchSegment({ literals, params }: Segment, text: string, into: Record<string, string>): boolean {
  const [first = '', ...rest] = literals
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const [index, literal] of rest.entries()) {
    const last = index === rest.length - 1
    const end = last ? text.length - literal.length : text.indexOf(literal, at + 1)
    if (end <= at || (last && !text.endsWith(literal))) return false
    into[params[index] ?? ''] = text.slice(at, end)
    at = end + literal.length
  }
  return at === text.length
}

/** The parameters of a pattern as a type: `'chat:{room}'` gives `{ room: string }`. */
export type ParamsOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { readonly [K in Name]: string } & ParamsOf<Rest>
  : // biome-ignore lint/complexity/noBannedTypes: the empty end of a recursion, intersected with what came before
    {}

/** The names a pattern matches, as a template type: `'chat:{room}'` gives `` `chat:${string}` ``. */
export type NamesOf<P extends string> = P extends `${infer Head}{${string}}${infer Rest}`
  ? `${Head}${string}${NamesOf<Rest>}`
  : P
