/** What a pace needs of its session. */
export interface PaceHost {
  /** Bytes given to the connection so far. */
  readonly written: number
  /** Milliseconds. */
  now(): number
  /** Sends a ping. The client answers when it has read all that was sent before. */
  ping(): void
}

/** Something that waits to be sent. */
export interface Source {
  /** Sends one frame. `idle`: it has one, but not now; `done`: it has nothing more. */
  step(): 'sent' | 'idle' | 'done'
}

interface Mark {
  readonly at: number
  /** Bytes that had been written, and of those how many had not been read, as far as known. */
  readonly written: number
  readonly unread: number
}

/** Bytes that may be unread at first, and at least. A link of 64 kbit/s reads the latter in a second. */
const FIRST_WINDOW = 16_384
const LEAST_WINDOW = 8_192
/** So many bytes are followed by a ping. */
const PROBE_EVERY = 4_096
/** What is read within so many milliseconds may be more the next time. */
const QUICK = 250
/** What takes longer than so many milliseconds is to be less: nothing that is sent waits longer for what was sent before. */
const AIM = 500

/**
 * How fast a client reads, and what must wait until it has. What lies in sockets and on the way can be called back no more, and on a
 * slow link it is old before it arrives; so no more is sent than the client reads in about half a second. That it has read
 * something it says by answering a ping that follows it. [H9.1]
 */
export class Pace {
  /** The source that is in the middle of a message: the client puts together one at a time. */
  middle: Source | undefined
  readonly #host: PaceHost
  readonly #most: number
  #window = FIRST_WINDOW
  #read = 0
  #marks: Mark[] = []
  #marked = 0
  #sources: Source[] = []
  #isDraining = false

  /** `most`: bytes that may be unread at most, however fast the client is. */
  constructor(host: PaceHost, most: number) {
    this.#host = host
    this.#most = most
    this.#read = host.written
    this.#marked = host.written
  }

  /** Whether the client keeps up: more may be sent now. */
  get hasRoom(): boolean {
    return this.#host.written - this.#read < this.#window
  }

  /** Something was sent: the client is asked to tell when it has read it, where that is worth it. */
  probe(): void {
    const { written } = this.#host
    const isAwaited = this.#sources.length > 0 && this.#marks.length === 0
    if (written - this.#marked < PROBE_EVERY && !isAwaited) return
    this.#host.ping()
  }

  /** A ping was sent, by whomever. */
  pinged(): void {
    const { written } = this.#host
    this.#marked = written
    this.#marks.push({ at: this.#host.now(), written, unread: written - this.#read })
  }

  /** The client has answered the oldest ping. */
  ponged(): void {
    const mark = this.#marks.shift()
    if (mark === undefined) return
    const took = this.#host.now() - mark.at
    this.#read = mark.written
    if (took > AIM) this.#window = Math.max(LEAST_WINDOW, Math.min(this.#window, (mark.unread / took) * AIM))
    else if (took <= QUICK && mark.unread * 2 >= this.#window)
      this.#window = Math.min(this.#most, this.#window * 2)
    this.drain()
  }

  /** Has it sent as soon as the client has read enough of what came before. */
  add(source: Source): void {
    this.#sources.push(source)
    this.drain()
  }

  /** Sends what waits, in turn, as long as there is room. */
  drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    let idle = 0
    while (this.hasRoom && idle < this.#sources.length) {
      const source = this.#sources.shift()
      if (source === undefined) break
      const what = source.step()
      if (what !== 'done') this.#sources.push(source)
      idle = what === 'idle' ? idle + 1 : 0
    }
    this.#isDraining = false
    if (this.#sources.length > 0) this.probe()
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#sources = []
  }
}
