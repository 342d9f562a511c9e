import { backOff } from './back-off.js'
import { EventQueue } from './event-queue.js'
import type { Delivered, Delivering, ResolvedWebhook, WebhookPorts } from './ports.js'
import { Report } from './report.js'

/** What one request brings, the same at every try. */
interface Batch {
  readonly id: string
  readonly body: string
  readonly events: number
  /** Events before these that will not be told, as the body says. */
  readonly dropped: number
  /** Until when it is tried. */
  readonly until: number
}

/**
 * `idle`: nothing waits. `gathering`: for a moment, or until a request is full. `sending`. `pausing`: until the next try. `over`: closed, or switched
 * off by the backend.
 */
type State = 'idle' | 'gathering' | 'sending' | 'pausing' | 'over'

/** How much may wait; characters of JSON are about bytes. */
const WAITING = { events: 10_000, size: 16_777_216 }
/** What one request brings at most, and how long the first event waits for others, in milliseconds. */
const BATCH = { events: 100, size: 1_048_576 }
const GATHER = 250
/** Milliseconds between tries while the server closes. */
const CLOSING_PAUSE = 500
/** RFC 9110 §15.5.11: it was there, and will not be again. */
const GONE = 410

/** One backend, and what waits for it: told in order, one request at a time. [H13.2] */
export class Endpoint {
  readonly settings: ResolvedWebhook
  readonly #node: string
  readonly #ports: WebhookPorts
  readonly #queue = new EventQueue(WAITING)
  readonly #report: Report
  #state: State = 'idle'
  #batch: Batch | undefined
  #delivering: Delivering | undefined
  #cancel = (): void => {}
  /** Tries that failed since the last one that did not. */
  #failures = 0
  /** Dropped since the last request was made up. */
  #untold = 0
  #closed: (() => void) | undefined
  readonly #counts = { sent: 0, failed: 0, dropped: 0 }

  constructor(settings: ResolvedWebhook, node: string, ports: WebhookPorts) {
    this.settings = settings
    this.#node = node
    this.#ports = ports
    this.#report = new Report({ ...ports, url: settings.shownUrl })
  }

  /** Whether it is told anything any more. */
  get isOver(): boolean {
    return this.#state === 'over'
  }

  get stats(): { sent: number; failed: number; dropped: number; waiting: number } {
    return { ...this.#counts, waiting: this.#queue.waiting }
  }

  /** An event, as JSON text. Nothing is sent before the caller's turn is over. */
  push(event: string): void {
    if (this.#state === 'over') return
    const dropped = this.#queue.push(event)
    if (dropped > 0) this.#lose(dropped)
    if (this.#state === 'idle') this.#gather()
    else if (this.#state === 'gathering' && this.#queue.length === BATCH.events) this.#later(0)
  }

  /** Sends what waits, for so many milliseconds at most; what is left then is dropped. It takes no more events when that is over. */
  close(within: number): Promise<void> {
    if (this.#state === 'over') return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.schedule(within, () => this.#end())
      this.#closed = () => {
        cancel()
        resolve()
      }
      if (this.#state === 'idle') this.#end()
      else if (this.#state !== 'sending') this.#later(0)
    })
  }

  #gather(): void {
    this.#state = 'gathering'
    this.#later(this.#queue.length >= BATCH.events || this.#closed !== undefined ? 0 : GATHER)
  }

  #later(milliseconds: number): void {
    this.#cancel()
    this.#cancel = this.#ports.clock.schedule(milliseconds, () => void this.#try())
  }

  #next(): Batch {
    const { clock, random } = this.#ports
    const events = this.#queue.take(BATCH)
    const dropped = this.#untold
    this.#untold = 0
    const notice = dropped > 0 ? `,"dropped":${dropped}` : ''
    return {
      id: `msg_${random.id()}`,
      body: `{"node":${JSON.stringify(this.#node)},"events":[${events.join()}]${notice}}`,
      events: events.length,
      dropped,
      until: clock.now() + this.settings.giveUpAfter,
    }
  }

  async #try(): Promise<void> {
    this.#cancel()
    this.#state = 'sending'
    this.#batch ??= this.#next()
    const batch = this.#batch
    const outcome = await this.#deliver(batch)
    if (this.isOver) return
    if (typeof outcome === 'string') this.#failed(batch, outcome)
    else if (outcome.status >= 200 && outcome.status < 300) this.#taken(batch)
    else if (outcome.status === GONE) this.#gone()
    else this.#failed(batch, `status ${outcome.status}`, outcome.retryAfter)
  }

  /** The answer, or why there is none. */
  async #deliver({ id, body }: Batch): Promise<Delivered | string> {
    const { clock, deliver } = this.#ports
    const { url, secrets, timeout } = this.settings
    const delivering = deliver({ url, id, time: clock.now(), body, secrets })
    this.#delivering = delivering
    let isLate = false
    const cancelTimeout = clock.schedule(timeout, () => {
      isLate = true
      delivering.cancel()
    })
    try {
      return await delivering.answer
    } catch (error) {
      if (isLate) return `no answer within ${timeout} ms`
      return error instanceof Error ? error.message : 'no connection'
    } finally {
      cancelTimeout()
      this.#delivering = undefined
    }
  }

  #taken({ events }: Batch): void {
    this.#counts.sent += events
    this.#failures = 0
    this.#report.taken()
    this.#settle()
    if (this.#queue.length > 0) this.#gather()
    else this.#rest()
  }

  /** Nothing waits. */
  #rest(): void {
    if (this.#closed === undefined) this.#state = 'idle'
    else this.#end()
  }

  #failed(batch: Batch, reason: string, retryAfter = 0): void {
    this.#counts.failed++
    this.#failures++
    const now = this.#ports.clock.now()
    const pause = this.#closed === undefined ? backOff(this.#failures, this.#ports.jitter()) : CLOSING_PAUSE
    // Its last try may come earlier than the backend asks for.
    const wait = Math.max(pause, Math.min(retryAfter, batch.until - now))
    this.#report.failed(reason, wait)
    if (now >= batch.until) this.#giveUp(batch)
    if (this.#queue.waiting > 0) {
      this.#state = 'pausing'
      this.#later(wait)
    } else this.#rest()
  }

  #giveUp({ events, dropped }: Batch): void {
    this.#settle()
    this.#untold += dropped
    this.#lose(events)
  }

  #gone(): void {
    this.#report.gone()
    this.#end()
  }

  #settle(): void {
    this.#batch = undefined
    this.#queue.settle()
  }

  #lose(events: number): void {
    this.#counts.dropped += events
    this.#untold += events
    this.#report.dropped(events)
  }

  #end(): void {
    this.#state = 'over'
    this.#cancel()
    this.#delivering?.cancel()
    const lost = this.#queue.clear()
    if (lost > 0) this.#lose(lost)
    this.#report.stop()
    this.#closed?.()
  }
}
