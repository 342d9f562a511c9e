import { MillraceError } from './codes.js'

/** Longest channel name, in characters (which are bytes: names are ASCII). */
export const MAX_CHANNEL_NAME = 255

/**
 * `namespace:rest`. The namespace starts with a letter and is lower case, so that it can head a metric label or a
 * key in any store; the rest is what may stand in a URL path segment unescaped, without `{ } * ? #`.
 */
const NAME = /^[a-z][a-z0-9_-]{0,63}:[A-Za-z0-9_.~@=+,/:%!$&'();-]{1,254}$/

/** Throws `invalid-channel`, saying which rule is broken. Rule [P2.1]. */
export function checkChannelName(name: string): void {
  if (name.length <= MAX_CHANNEL_NAME && NAME.test(name)) return
  throw new MillraceError('invalid-channel', { message: whyInvalid(name), field: 'channel' })
}

function whyInvalid(name: string): string {
  if (name.length > MAX_CHANNEL_NAME) {
    return `A channel name has at most ${MAX_CHANNEL_NAME} characters, this one has ${name.length}`
  }
  const shown = JSON.stringify(name)
  const colon = name.indexOf(':')
  if (colon < 0) return `A channel name is 'namespace:rest', ${shown} has no colon`
  if (!/^[a-z][a-z0-9_-]{0,63}$/.test(name.slice(0, colon))) {
    return `The namespace of ${shown} must be 1 to 64 of a-z, 0-9, '_' and '-', starting with a letter`
  }
  if (colon === name.length - 1) return `${shown} has nothing after its namespace`
  const bad = [...name.slice(colon + 1)].find((c) => !/[A-Za-z0-9_.~@=+,/:%!$&'();-]/.test(c))
  return `${shown} contains ${JSON.stringify(bad)}, which a channel name may not; percent-encode it`
}

/** A channel pattern taken apart: literal text and `{param}` in turn. */
export interface ChannelPattern {
  readonly pattern: string
  readonly namespace: string
  readonly params: readonly string[]
  /** How many characters are literal: the more, the more specific. */
  readonly literal: number
  readonly matcher: RegExp
}

/**
 * Reads a pattern such as `chat:{room}` or `game:{id}:team:{team}`. A parameter matches one segment: one or more
 * characters without a colon. Throws a TypeError for what is not a pattern: it is the developer's mistake, at startup.
 */
export function parsePattern(pattern: string): ChannelPattern {
  const parts = pattern.split(/(\{[^{}]*\})/)
  const params: string[] = []
  let source = ''
  let literal = 0
  let sample = ''
  for (const part of parts) {
    if (part.startsWith('{')) {
      const name = part.slice(1, -1)
      if (!/^[A-Za-z_]\w*$/.test(name))
        throw new TypeError(`Channel pattern '${pattern}': '${part}' is not a parameter name`)
      if (params.includes(name)) throw new TypeError(`Channel pattern '${pattern}' names '${part}' twice`)
      params.push(name)
      source += '([^:]+)'
      sample += 'x'
    } else {
      source += part.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
      literal += part.length
      sample += part
    }
  }
  const namespace = pattern.slice(0, pattern.indexOf(':'))
  if (!NAME.test(sample) || namespace.includes('{')) {
    throw new TypeError(
      `Channel pattern '${pattern}' must look like 'namespace:{param}', with a literal namespace`,
    )
  }
  return { pattern, namespace, params, literal, matcher: new RegExp(`^${source}$`) }
}

/** The parameters of a name under a pattern, or undefined when it does not match. */
export function matchPattern(pattern: ChannelPattern, name: string): Record<string, string> | undefined {
  const match = pattern.matcher.exec(name)
  if (match === null) return undefined
  const params: Record<string, string> = {}
  pattern.params.forEach((param, index) => {
    params[param] = match[index + 1] ?? ''
  })
  return params
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
