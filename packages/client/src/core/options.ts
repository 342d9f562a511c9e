import { type Api, parseDuration } from '@millrace/protocol'
import type { CoreOptions } from './types.js'

/** Every default that is a number. Durations in milliseconds. */
export const DEFAULTS = {
  backoff: { base: 500, cap: 10_000, stableAfter: 10_000 },
  timeouts: { connect: 10_000, request: 10_000 },
  limits: { pending: 1000, held: 1000, iterator: 1000, congestion: 65_536 },
} as const

/** What the other options may be. */
const TYPES = {
  token: 'string or function',
  api: 'object',
  dialect: 'object',
  codecs: 'object',
  autoConnect: 'boolean',
} as const

type Group = keyof typeof DEFAULTS

/** The options, checked, with every number in its place: what the rest of the core works with. */
export type Settings = Pick<CoreOptions<Api>, keyof typeof TYPES> & {
  readonly [G in Group]: { readonly [option in keyof (typeof DEFAULTS)[G]]: number }
}

/** A duration that a platform's timer can wait for. Throws a TypeError that names the option. */
export function duration(value: unknown, option: string): number {
  const ms = parseDuration(value as number)
  // Timers of most platforms take a longer wait for none at all.
  if (ms > 0 && ms < 2 ** 31) return ms
  throw new TypeError(
    `${option} must be milliseconds or like '10s', above 0 and below 25 days, not ${String(value)}`,
  )
}

export function count(value: unknown, option: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw new TypeError(`${option} must be a whole number above 0, not ${String(value)}`)
}

/** Throws a TypeError that names the first option that is wrong. */
export function resolveOptions(options: CoreOptions<Api>): Settings {
  const given = options as { readonly [option: string]: unknown }
  for (const [option, types] of Object.entries(TYPES)) {
    const value = given[option]
    if (value !== undefined && (value === null || !types.includes(typeof value)))
      throw new TypeError(`${option} must be ${types}, not ${String(value)}`)
  }
  const settings: { [option: string]: unknown } = { ...options }
  for (const [group, defaults] of Object.entries(DEFAULTS)) {
    const check = group === 'limits' ? count : duration
    const numbers: { [option: string]: unknown } = { ...defaults, ...(given[group] as object | undefined) }
    for (const option in numbers) {
      const fallback = (defaults as { readonly [option: string]: number })[option]
      if (fallback === undefined) throw new TypeError(`There is no option ${group}.${option}`)
      numbers[option] = check(numbers[option] ?? fallback, `${group}.${option}`)
    }
    settings[group] = numbers
  }
  // The loops above leave nothing out, which they cannot tell the compiler.
  return settings as unknown as Settings
}
