/** How a backend is asked: options, defaults and limits, checked once. */
import { type Duration, milliseconds } from '@millrace/protocol'
import type { Logger } from '../hub/index.js'
import { readSecrets } from './signature.js'

export interface BackendOptions {
  /** Where the backend is asked: `https:`, or `http:`, which is warned of unless it leads to this machine. It has no name and password. */
  readonly url: string | URL
  /**
   * By what questions are signed, such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`: 24 to 64 bytes, as Standard Webhooks has them. Or several, while
   * one takes another's place: questions are signed with each.
   */
  readonly secret: string | readonly string[]
  /** How long one try may take. Default 3 seconds. */
  readonly timeout?: Duration
  /** How long a question may take with all its tries, and its turn to wait for. Default 8 seconds: less than a client has to connect. */
  readonly deadline?: Duration
  /** More tries, where one may help: no connection, no answer, 502, 503, 504, 429. Default 2. */
  readonly retries?: number
  /** Requests at once. Default 32. */
  readonly concurrency?: number
  /** Questions that may wait for their turn; beyond it they are answered `unavailable`. Default 1,000. */
  readonly queue?: number
  /** Failures in a row (no connection, no answer, 502, 503, 504) after which nothing is asked for a while. Default 10. */
  readonly failures?: number
  /** For how long; then one question at a time finds out whether the backend answers again. Default 5 seconds. */
  readonly pause?: Duration
  /** Bytes of an answer; a longer one is none. Default 65,536. */
  readonly maxAnswer?: number
  /** Where to log that the backend does not answer as it should. Default: standard error, warnings. */
  readonly logger?: Logger
}

export interface ResolvedBackend {
  readonly url: string
  /** As a log may show it. */
  readonly shownUrl: string
  readonly secrets: readonly Uint8Array[]
  readonly timeout: number
  readonly deadline: number
  readonly retries: number
  readonly concurrency: number
  readonly queue: number
  readonly failures: number
  readonly pause: number
  readonly maxAnswer: number
}

/** Fills in the defaults. Throws a TypeError that names the option of `who` and says what it may be. */
export function resolveBackend(options: BackendOptions, who: string): ResolvedBackend {
  const url = readUrl(options.url, who)
  const count = (name: 'retries' | 'concurrency' | 'queue' | 'failures' | 'maxAnswer', least: number) =>
    wholeNumber(options[name], { name: `${who}: ${name}`, least, usual: COUNTS[name] })
  const time = (name: 'timeout' | 'deadline' | 'pause') => {
    const ms = milliseconds(options[name] ?? TIMES[name], `${who}: ${name}`)
    if (ms >= 1) return ms
    throw new TypeError(`${who}: ${name} must be at least 1 ms`)
  }
  return {
    url: url.href,
    shownUrl: `${url.origin}${url.pathname}`,
    secrets: readSecrets(options.secret, `${who}: secret`),
    timeout: time('timeout'),
    deadline: time('deadline'),
    retries: count('retries', 0),
    concurrency: count('concurrency', 1),
    queue: count('queue', 0),
    failures: count('failures', 1),
    pause: time('pause'),
    maxAnswer: count('maxAnswer', 1),
  }
}

const COUNTS = { retries: 2, concurrency: 32, queue: 1_000, failures: 10, maxAnswer: 65_536 }
const TIMES = { timeout: '3s', deadline: '8s', pause: '5s' } as const

/** A whole number of an option, or the usual one. Throws a TypeError that names it. */
export function wholeNumber(
  given: number | undefined,
  { name, least, usual }: { readonly name: string; readonly least: number; readonly usual: number },
): number {
  const value = given ?? usual
  if (Number.isSafeInteger(value) && value >= least) return value
  throw new TypeError(`${name} must be a whole number of at least ${least}, not ${String(value)}`)
}

/** What is in a URL is in logs of proxies and backends. */
function readUrl(given: string | URL, who: string): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    throw new TypeError(`${who}: url must be one like 'https://backend.example/millrace/auth'`)
  if (url.username !== '' || url.password !== '')
    throw new TypeError(
      `${who}: url must have no name and password: questions are signed, and the backend verifies that`,
    )
  return url
}

/** Whether what is sent to a URL can be read and changed on its way: plain HTTP that leaves this machine. */
export function isOpenToAll(url: string | URL): boolean {
  if (!URL.canParse(String(url))) return false
  const { protocol, hostname } = new URL(url)
  const isHere = hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]'
  return protocol === 'http:' && !isHere && !/^127(\.\d+){3}$/.test(hostname)
}
