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

/** Bytes that may be unread at first, and at least. A link of 64 kbit/s reads them in half a second. */
const LEAST_WINDOW = 4_096
/** Of what was sent before anybody asked so much may still be on its way, as far as is known. */
const UNKNOWN = LEAST_WINDOW / 2
/** A ping behind so little takes as long as the way there and back. */
const NEARLY_NOTHING = 1_024
/** So much of what may be unread is followed by a ping: there are always two on their way while as much is sent as may be. */
const PROBE_SHARE = 0.5
/** Of what leaves room it is worth knowing only now and then how fast it is read: so many bytes, and milliseconds since the last ping. */
const PROBE_BYTES = 2_048
const PROBE_EVERY = 250
/** What is sent is to be read within so many milliseconds and the way there and back: nothing waits longer for what was sent before. */
const AIM = 500
/** What is done within so many milliseconds is done at once. */
const AT_ONCE = 60
/** What was read in time may be so many times as much the next time; less where the way is long, for there much is on it and not read. */
const GROWTH = { near: 4, far: 2 } as const

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
  #window = LEAST_WINDOW
  /** Milliseconds of the way there and back, as far as is known. */
  #way = 0
  #read = 0
  #marks: Mark[] = []
  #marked = 0
  #markedAt = 0
  #sources: Source[] = []
  #isDraining = false

  /** `most`: bytes that may be unread at most, however fast the client is. */
  constructor(host: PaceHost, most: number) {
    this.#host = host
    this.#most = most
    this.#read = Math.max(0, host.written - UNKNOWN)
    this.#marked = host.written
  }

  /** Whether the client keeps up: more may be sent now. */
  get hasRoom(): boolean {
    return this.#host.written - this.#read < this.#window
  }

  /** Whether it does, and nothing waits. */
  get isFree(): boolean {
    return this.#sources.length === 0 && this.hasRoom
  }

  /** Something was sent: the client is asked to tell when it has read it, where that is worth it. */
  probe(): void {
    const bytes = this.#host.written - this.#marked
    if (bytes >= this.#window * PROBE_SHARE || this.#isLongAgo(bytes) || this.#mustWake) this.#host.ping()
  }

  #isLongAgo(bytes: number): boolean {
    return bytes >= PROBE_BYTES && this.#host.now() - this.#markedAt >= PROBE_EVERY
  }

  /** Whether something waits, and no pong is to come that would let it go. */
  get #mustWake(): boolean {
    return this.#marks.length === 0 && this.#sources.length > 0
  }

  /** A ping was sent, by whomever. */
  pinged(): void {
    const { written } = this.#host
    this.#marked = written
    this.#markedAt = this.#host.now()
    this.#marks.push({ at: this.#markedAt, written, unread: written - this.#read })
  }

  /** The client has answered the oldest ping. */
  ponged(): void {
    const mark = this.#marks.shift()
    if (mark === undefined) return
    this.#read = mark.written
    this.#judge(mark.unread, this.#host.now() - mark.at)
    this.drain()
  }

  /** So many bytes took so long. What is far away is not slow for that. */
  #judge(unread: number, took: number): void {
    if (unread <= NEARLY_NOTHING) this.#way = this.#way === 0 ? took : Math.min(this.#way, took)
    const waited = took - this.#way
    const most = unread * GROWTH[this.#way <= AT_ONCE ? 'near' : 'far']
    const right = waited <= AT_ONCE ? most : Math.min(most, (unread / took) * (AIM + this.#way))
    if (waited > AIM) this.#window = Math.max(LEAST_WINDOW, Math.min(this.#window, right))
    else this.#window = Math.max(this.#window, Math.min(this.#most, right))
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
      if (what !== 'idle') this.probe()
    }
    this.#isDraining = false
    if (this.#mustWake) this.#host.ping()
  }

  /** Nothing is sent any more. */
  stop(): void {
    this.#sources = []
  }
}
