import { type Api, milliseconds } from '@millrace/protocol'
import type { CoreOptions } from './types.js'

/** Every default. Durations in milliseconds. */
export const DEFAULTS = {
  backoff: { base: 250, cap: 20_000, stableAfter: 10_000 },
  timeouts: { connect: 10_000, request: 10_000 },
  limits: { pending: 1000, held: 1000, iterator: 1000, congestion: 65_536 },
} as const

type Group = keyof typeof DEFAULTS

/** The options, checked and complete: what the rest of the core works with. */
export type Settings = Pick<CoreOptions<Api>, 'token' | 'api' | 'dialect'> & {
  readonly codecs: NonNullable<CoreOptions<Api>['codecs']>
  readonly autoConnect: boolean
} & { readonly [G in Group]: { readonly [option in keyof (typeof DEFAULTS)[G]]: number } }

/** What the options that stand alone may be. */
const TYPES: { readonly [option in keyof CoreOptions<Api>]?: readonly string[] } = {
  token: ['string', 'function'],
  api: ['object'],
  dialect: ['object'],
  codecs: ['object'],
  autoConnect: ['boolean'],
}

/** A duration that a platform's timer can wait for. Throws a TypeError that names the option. */
export function duration(value: unknown, option: string): number {
  const ms = milliseconds(value as number, option)
  // Timers of most platforms take a longer wait for none at all.
  if (ms > 0 && ms < 2 ** 31) return ms
  throw new TypeError(`${option} must be more than 0 and less than 25 days, not ${String(value)}`)
}

export function count(value: unknown, option: string): number {
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw new TypeError(`${option} must be a whole number above 0, not ${String(value)}`)
}

/** Throws a TypeError that names the first option that is wrong. */
export function resolveOptions(options: CoreOptions<Api>): Settings {
  for (const [option, types] of Object.entries(TYPES)) {
    const value = options[option as keyof typeof TYPES]
    if (value !== undefined && !types.includes(value === null ? 'null' : typeof value))
      throw new TypeError(`${option} must be a ${types.join(' or ')}, not ${String(value)}`)
  }
  const { token, api, dialect, codecs = {}, autoConnect = true } = options
  const group = (name: Group, check: typeof count) => {
    const given: { readonly [option: string]: unknown } = options[name] ?? {}
    const defaults: { readonly [option: string]: number } = DEFAULTS[name]
    for (const option in given)
      if (!(option in defaults)) throw new TypeError(`There is no option ${name}.${option}`)
    return Object.fromEntries(
      Object.entries(defaults).map(([option, value]) => [
        option,
        check(given[option] ?? value, `${name}.${option}`),
      ]),
    )
  }
  return {
    token,
    api,
    dialect,
    codecs,
    autoConnect,
    backoff: group('backoff', duration),
    timeouts: group('timeouts', duration),
    limits: group('limits', count),
    // `group` gives every option of its defaults, which Object.fromEntries cannot say.
  } as Settings
}
