import { writeRequest } from '@millrace/protocol'
import type { RequestPorts } from './ports.js'

/** Frames as one request carries them: the first has the number `seq`. */
export interface Batch {
  readonly seq: number
  readonly frames: readonly string[]
}

export interface UpstreamEvents {
  /** A request of its own has brought something to the server. */
  sent(): void
  /** The server does not know the connection any more, or refuses what is said. */
  gone(reason: string): void
}

/** About so much goes into one request, in characters, or one frame that is larger. */
const MOST = 65_536
/** Milliseconds that a request may take. */
const PATIENCE = 10_000
/** Milliseconds before one that failed is sent again, at most: at random, and fewer at first. */
const LONGEST_WAIT = 2000

/** The wait before another try, after so many failed. */
export const again = (fails: number, random: () => number): number =>
  random() * Math.min(LONGEST_WAIT, 100 * 2 ** fails)

/** Whether asking again would be answered in the same way. */
export const isFinal = (status: number): boolean => status >= 400 && status < 500

/**
 * What goes up: numbered, kept until the server has it, and sent again until then. Each request begins with what is kept
 * longest, so whichever comes first, nothing is missing before it. [P8.3]
 */
export class Upstream {
  /** Characters that are kept. */
  buffered = 0
  readonly #ports: RequestPorts
  readonly #events: UpstreamEvents
  /** The connection's name; nothing is sent by requests of its own before there is one. */
  #link: string | undefined
  #kept: string[] = []
  /** The number of the first that is kept. */
  #seq = 1
  /** The number of the last that is on its way with a poll, or will be with the next. */
  #along = 0
  #isSending = false
  #abort = (): void => {}

  constructor(ports: RequestPorts, events: UpstreamEvents) {
    this.#ports = ports
    this.#events = events
  }

  /** The connection has a name. */
  open(link: string): void {
    this.#link = link
    this.#sendSoon()
  }

  add(frame: string): void {
    this.#kept.push(frame)
    this.buffered += frame.length
    this.#sendSoon()
  }

  /** What a request takes along. */
  along(): Batch {
    const batch = this.#batch()
    this.#along = batch.seq + batch.frames.length - 1
    return batch
  }

  /** What was taken along has come. What is said from now on waits to be taken along again. */
  came({ seq, frames }: Batch): void {
    this.#confirm(seq + frames.length)
    this.#along = Number.POSITIVE_INFINITY
  }

  /** Nothing takes anything along: what is here goes by requests of its own. */
  free(): void {
    this.#along = 0
    this.#sendSoon()
  }

  /** Sends nothing any more. Returns what the server may not have. */
  stop(): Batch {
    this.#link = undefined
    this.#abort()
    return this.#batch()
  }

  #batch(): Batch {
    let [count, size] = [0, 0]
    for (const { length } of this.#kept) {
      size += length
      if (size > MOST && count > 0) break
      count++
    }
    return { seq: this.#seq, frames: this.#kept.slice(0, count) }
  }

  #confirm(next: number): void {
    for (const { length } of this.#kept.splice(0, Math.max(0, next - this.#seq))) {
      this.#seq++
      this.buffered -= length
    }
  }

  /** At the end of the turn, so that what is said in one goes in one request. */
  #sendSoon(): void {
    void Promise.resolve().then(() => this.#send())
  }

  get #hasNew(): boolean {
    return this.#kept.length > 0 && this.#seq + this.#kept.length - 1 > this.#along
  }

  async #send(): Promise<void> {
    const { clock, random } = this.#ports
    if (this.#isSending) return
    this.#isSending = true
    let fails = 0
    while (this.#link !== undefined && this.#hasNew) {
      const batch = this.#batch()
      const status = await this.#post(this.#link, batch)
      if (status === 200) {
        this.#confirm(batch.seq + batch.frames.length)
        this.#events.sent()
        fails = 0
      } else if (isFinal(status)) {
        // A hole, too: what was taken for confirmed was not.
        this.stop()
        this.#events.gone(`The server answered ${status}`)
      } else await new Promise<void>((resolve) => clock.schedule(again(fails++, random), resolve))
    }
    this.#isSending = false
  }

  /** Resolves with the status; 0 when no answer came, or one that is not the server's. */
  async #post(link: string, batch: Batch): Promise<number> {
    const { clock, post } = this.#ports
    const { answer, abort } = post('send', writeRequest({ link, ...batch }))
    this.#abort = abort
    const cancel = clock.schedule(PATIENCE, abort)
    try {
      const { status, isEvents } = await answer
      return status === 200 && !isEvents ? 0 : status
    } catch {
      return 0
    } finally {
      cancel()
    }
  }
}
