import type { SecureContextOptions } from 'node:tls'
import type { Logger } from '../hub/index.js'
import { pairOf, type TlsPair } from './tls-pair.js'
import { checkTlsOptions, filesOf, printOf, readParts, type TlsSource } from './tls-parts.js'
import { watchFiles } from './watch-files.js'

export interface CertificatesOptions {
  readonly source: TlsSource
  readonly logger: Logger
  /** Milliseconds after which files are looked at though nothing told of a change. Default a minute. */
  readonly pollMs?: number
  /** Milliseconds for which files that have changed must stay as they are, for they change one after the other. Default 500. */
  readonly settleMs?: number
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** What takes a certificate: a server of node:tls. */
export interface CertificateUser {
  setSecureContext(context: SecureContextOptions): void
}

const POLL_MS = 60_000
const SETTLE_MS = 500
const DAY = 86_400_000
/** Those who renew by themselves do it when a third of the time is left; of 47 days, the shortest from 2029 on, more than 14. */
const WARN_WITHIN = 14 * DAY

/** A certificate that is renewed while servers use it: connections that are open go on, new ones get the new one. */
export class Certificates {
  readonly #options: Required<CertificatesOptions>
  readonly #daily: NodeJS.Timeout
  #pair: TlsPair | undefined
  #user: CertificateUser | undefined
  #fixed: SecureContextOptions = {}
  #files: readonly string[] = []
  /** What the files were when they were tried last, and when they were looked at last. */
  #tried = ''
  #seen = ''
  #settling: NodeJS.Timeout | undefined
  #unwatch = (): void => {}
  #turn: Promise<unknown> = Promise.resolve()
  #isClosed = false

  private constructor(options: CertificatesOptions) {
    this.#options = { pollMs: POLL_MS, settleMs: SETTLE_MS, now: Date.now, ...options }
    this.#daily = setInterval(() => this.#warn(), DAY)
    this.#daily.unref()
  }

  /** Rejects with what is wrong with the certificate or its key: a TypeError for an option, an Error for what it names. */
  static async load(options: CertificatesOptions): Promise<Certificates> {
    const certificates = new Certificates(options)
    try {
      await certificates.reload()
    } catch (error) {
      certificates.close()
      throw error
    }
    return certificates
  }

  /** The certificate that new connections get, and its key. */
  get context(): SecureContextOptions {
    return this.#pair?.context ?? {}
  }

  /** Gives the server each certificate that comes, with what else belongs to its context. */
  use(user: CertificateUser, fixed: SecureContextOptions): void {
    this.#user = user
    this.#fixed = fixed
  }

  /** Reads everything anew, and asks the callback. Rejects with what is wrong; then all is as it was. */
  reload(): Promise<void> {
    const next = this.#turn.then(() => this.#load())
    this.#turn = next.catch(() => {})
    return next
  }

  /** Looks at files no longer. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#daily)
    clearTimeout(this.#settling)
    this.#unwatch()
  }

  async #load(): Promise<void> {
    const { source } = this.#options
    const options = checkTlsOptions(typeof source === 'function' ? await source() : source)
    const files = filesOf(options)
    // Before it is read: a change in between is looked at once too often rather than never.
    const print = await printOf(files)
    const pair = pairOf(await readParts(options))
    this.#user?.setSecureContext({ ...this.#fixed, ...pair.context })
    this.#pair = pair
    this.#tried = print
    this.#watch(files)
    this.#warn()
  }

  /** Anew after each load: links lead elsewhere then. */
  #watch(files: readonly string[]): void {
    this.#unwatch()
    this.#files = files
    this.#unwatch = () => {}
    if (this.#isClosed || files.length === 0) return
    this.#unwatch = watchFiles(files, { notice: () => this.#lookSoon(), pollMs: this.#options.pollMs })
    // They may have changed since they were read.
    this.#lookSoon()
  }

  #lookSoon(): void {
    if (this.#isClosed || this.#settling !== undefined) return
    this.#settling = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#look())
    }, this.#options.settleMs)
    this.#settling.unref()
  }

  /** A change is tried when it was seen twice: a certificate may be there before its key, or half of it. */
  async #look(): Promise<void> {
    const files = this.#files
    // First, for what changes while they are read is to be looked at again.
    this.#settling = undefined
    const print = await printOf(files)
    const isSettled = print === this.#seen
    this.#seen = print
    if (this.#isClosed || print === this.#tried) return
    if (!isSettled) return this.#lookSoon()
    this.#tried = print
    const { logger } = this.#options
    try {
      await this.#load()
      logger.info(`The TLS certificate of ${this.#name} is renewed: ${this.#pair?.from}`)
    } catch (error) {
      logger.error(`The TLS certificate is not renewed, the one before stays in use: ${messageOf(error)}`)
    }
  }

  get #name(): string {
    const { subjectAltName, subject } = this.#pair?.certificate ?? {}
    return subjectAltName ?? subject ?? 'nobody'
  }

  #warn(): void {
    if (this.#pair === undefined) return
    const { logger, now } = this.#options
    const { certificate, from } = this.#pair
    const [begins, ends] = [Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]
    const what = `The TLS certificate of ${this.#name} (${from})`
    const day = (time: number): string => new Date(time).toISOString().slice(0, 10)
    const left = ends - now()
    if (begins > now())
      logger.error(
        `${what} is not valid before ${day(begins)}: until then clients refuse it. Is the clock right?`,
      )
    else if (left <= 0) logger.error(`${what} expired on ${day(ends)}: clients refuse it. Renew it`)
    else if (left <= WARN_WITHIN) {
      const days = Math.ceil(left / DAY)
      logger.warn(
        `${what} expires on ${day(ends)}, within ${days === 1 ? 'a day' : `${days} days`}: renew it`,
      )
    }
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
