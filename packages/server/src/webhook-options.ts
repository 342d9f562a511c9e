/** How backends are told what happens: options with their defaults, checked once. */
import { type Duration, milliseconds } from '@millrace/protocol'
import { readSecrets } from './backend/index.js'
import { isName } from './hub/index.js'
import { type ResolvedWebhook, WEBHOOK_EVENTS, type WebhookEventType } from './webhooks/index.js'

export interface WebhookOptions {
  /** Where events are sent: `https:`, or `http:`, which is warned of unless it leads to this machine. It has no name and password. */
  readonly url: string | URL
  /**
   * By what requests are signed, such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`: 24 to 64 bytes, as Standard Webhooks has them. Or several, while one
   * takes another's place: requests are signed with each.
   */
  readonly secret: string | readonly string[]
  /** Which events. Default all. */
  readonly events?: readonly WebhookEventType[]
  /** Of events about channels, those about which ones: names, with a `*` at the end for all that begin so, as in `orders:*`. Default all. */
  readonly channels?: readonly string[]
  /** Whether `published` brings the message. Default false. */
  readonly messages?: boolean
  /** How long an answer may take. Default 10 seconds. */
  readonly timeout?: Duration
  /** For how long the same events are tried again before they are given up. Default 24 hours. */
  readonly giveUpAfter?: Duration
}

/** Fills in the defaults. Throws a TypeError that names the option and says what it may be. */
export function resolveWebhooks(given: readonly WebhookOptions[] = []): readonly ResolvedWebhook[] {
  if (Array.isArray(given)) return given.map((one, index) => resolve(one, `webhooks[${index}]`))
  throw new TypeError("webhooks must be a list, like [{ url: 'https://backend.example/millrace', secret }]")
}

function resolve(options: WebhookOptions, who: string): ResolvedWebhook {
  const url = readUrl(options.url, `${who}.url`)
  const { events = WEBHOOK_EVENTS, channels, messages = false } = options
  const known: readonly unknown[] = WEBHOOK_EVENTS
  if (!isListOf(events, (event) => known.includes(event)))
    throw new TypeError(`${who}.events must be some of ${WEBHOOK_EVENTS.join(', ')}`)
  if (channels !== undefined && !isListOf(channels, isName))
    throw new TypeError(
      `${who}.channels must be a list of names like 'orders:*': a * may only be its last character`,
    )
  if (typeof messages !== 'boolean')
    throw new TypeError(`${who}.messages must be true or false, not ${String(messages)}`)
  return {
    url: url.href,
    shownUrl: `${url.origin}${url.pathname}`,
    secrets: readSecrets(options.secret, `${who}.secret`),
    events,
    channels,
    messages,
    timeout: time(options.timeout ?? '10s', `${who}.timeout`),
    giveUpAfter: time(options.giveUpAfter ?? '24h', `${who}.giveUpAfter`),
  }
}

const isListOf = (value: unknown, is: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(is)

function time(given: Duration, option: string): number {
  const value = milliseconds(given, option)
  if (value >= 1) return value
  throw new TypeError(`${option} must be at least 1 ms`)
}

function readUrl(given: string | URL, option: string): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new TypeError(`${option} must be one like 'https://backend.example/millrace/events'`)
  if (url.username === '' && url.password === '') return url
  throw new TypeError(
    `${option} must have no name and password: requests are signed, and the backend verifies that`,
  )
}
