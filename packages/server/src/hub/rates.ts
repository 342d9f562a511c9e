import { BadCommand, type Command, type Decoded, MillraceError } from '@millrace/protocol'
import type { Bringing } from './command-order.js'
import { type Refused, refused } from './failures.js'

/** How much may come, and how much at once after a while of nothing. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/** What a client may send; undefined for without limit. */
export interface RateLimits {
  /** Publications, ephemeral messages and answers to calls. */
  readonly messages: Rate | undefined
  /** All other commands but pings and pongs: those that make the server look something up. */
  readonly requests: Rate | undefined
  /** Pings and pongs, of the dialect and of the transport. Who sends more is not answered, but closed. */
  readonly pings: Rate | undefined
  /** Bytes of frames. */
  readonly bytes: Rate | undefined
}

/** What fractions of milliseconds may be off by. */
const TINY = 1e-6

/** A bucket that fills at a rate and holds a burst: who takes more than is in it has to wait. */
export class TokenBucket {
  readonly #rate: Rate
  #level: number
  #at: number

  constructor(rate: Rate, now: number) {
    this.#rate = rate
    this.#level = rate.burst
    this.#at = now
  }

  isFull(now: number): boolean {
    return this.#level + (Math.max(0, now - this.#at) * this.#rate.perSecond) / 1000 >= this.#rate.burst
  }

  /** Takes so many, or all there are. */
  drain(count: number, now: number): void {
    this.take(0, now)
    this.#level = Math.max(0, this.#level - count)
  }

  /** Takes so many, though there may be less. */
  owe(count: number, now: number): void {
    this.take(0, now)
    this.#level -= count
  }

  /** Milliseconds until nothing is owed. */
  owed(now: number): number {
    return this.take(0, now)
  }

  /** Takes so many. Returns 0, or the milliseconds after which they could be had. */
  take(count: number, now: number): number {
    const { perSecond, burst } = this.#rate
    // A clock that was set back fills nothing.
    this.#level = Math.min(burst, this.#level + (Math.max(0, now - this.#at) * perSecond) / 1000)
    this.#at = now
    // What is larger than the burst has to wait for a full bucket, not for ever.
    const needed = Math.min(count, burst)
    if (this.#level < needed - TINY) return Math.ceil(((needed - this.#level) * 1000) / perSecond)
    this.#level -= count
    return 0
  }
}

/** So many commands of a session may come between two looks at it before they are counted: most never send as many. */
const FEW = 16
const FEW_BYTES = FEW * 65_536

/** Whether so few commands have come that they need not be counted yet. A frame without any is one. */
export const areFew = (commands: number, { messages, requests, pings, bytes }: RateLimits): boolean =>
  commands <= FEW &&
  [messages, requests, pings].every((rate) => rate === undefined || rate.burst > FEW) &&
  (bytes === undefined || bytes.burst > FEW_BYTES)

/** So many publications or members are read for what one other command costs; a reply brings as many as take 256 KiB at most. [H4.7] */
const READ_FOR_ONE = 16
/** How many a page has when the client does not say, and how many are counted at most. */
const PAGE = { usual: 100, most: 256 }

/** What a command costs of its bucket: reading the past is the most that one can ask for in few bytes. */
const costOf = (command: Decoded<Command> | undefined): number =>
  command === undefined || command instanceof BadCommand || command.kind !== 'history'
    ? 1
    : 1 + Math.floor(Math.min(command.body.limit ?? PAGE.usual, PAGE.most) / READ_FOR_ONE)

/** So many times what may be asked for at once may be brought by it: who comes back to a thousand channels has missed something in each. */
const BROUGHT_AT_ONCE = 4

type Kind = Command['kind'] | undefined
const MESSAGES: readonly Kind[] = ['publish', 'ephemeral', 'answer']
const PINGS: readonly Kind[] = ['ping', 'pong']
/** So many commands may come before one that is `connect` does: a client of good will sends a ping or two. */
export const MOST_BEFORE_CONNECT = 64
/** So many refusals are answered, and a second's worth is forgiven each second. Who has not slowed down by then does not listen. */
const REFUSALS: Rate = { perSecond: 100, burst: 1_000 }

export const tooFast = (wait: number): Refused =>
  refused('rate-limited', {
    message: `More than may be sent: try again in ${wait} ms`,
    retryAfter: wait,
  })

/** How fast one session sends. */
export class Rates {
  readonly #buckets: { readonly [K in keyof RateLimits]: TokenBucket | undefined }
  readonly #refusals: TokenBucket
  /** Bytes that were refused: they were read all the same. As many are suffered as may be sent. */
  readonly #wasted: TokenBucket | undefined
  /** What replies have brought. */
  readonly #brought: TokenBucket | undefined
  /** Milliseconds for which the frame at hand was too much. */
  #late = 0
  #isFlood = false

  constructor({ messages, requests, pings, bytes }: RateLimits, now: number) {
    const bucket = (rate: Rate | undefined) => rate && new TokenBucket(rate, now)
    this.#buckets = {
      messages: bucket(messages),
      requests: bucket(requests),
      pings: bucket(pings),
      bytes: bucket(bytes),
    }
    this.#refusals = new TokenBucket(REFUSALS, now)
    this.#wasted = bucket(bytes)
    this.#brought = bucket(requests && { ...requests, burst: requests.burst * BROUGHT_AT_ONCE })
  }

  /** Whether the client floods: with pings, or by going on though it was refused a thousand times. */
  get isFlood(): boolean {
    return this.#isFlood
  }

  /** Whether nothing is known of it that a new one would not know. */
  isFull(now: number): boolean {
    const all = [...Object.values(this.#buckets), this.#refusals, this.#wasted, this.#brought]
    return all.every((bucket) => bucket === undefined || bucket.isFull(now))
  }

  /** A frame has come: its bytes count, and when they are too many its commands have to wait. */
  frame(bytes: number, now: number): void {
    this.#late = this.#buckets.bytes?.take(bytes, now) ?? 0
    if (this.#late > 0) this.#suffer(this.#wasted, bytes, now)
  }

  /** A ping or a pong has come. */
  ping(now: number): void {
    if ((this.#buckets.pings?.take(1, now) ?? 0) > 0) this.#isFlood = true
  }

  /** Milliseconds that must pass until a command may be carried out; 0 for now. Undefined stands for none. */
  command(command: Decoded<Command> | undefined, now: number): number {
    const kind = command instanceof BadCommand ? undefined : command?.kind
    if (PINGS.includes(kind)) {
      this.ping(now)
      return 0
    }
    const { messages, requests } = this.#buckets
    const wait =
      this.#late || ((MESSAGES.includes(kind) ? messages : requests)?.take(costOf(command), now) ?? 0)
    if (wait > 0) this.#suffer(this.#refusals, 1, now)
    return wait
  }

  /**
   * Reads for a reply, of which only then is known how much it brings. As far as there is any left, that is taken from what may be asked for; and
   * what was read must not become much more than that, or a thousand questions at once would bring a thousand lists. Rejects with `rate-limited`.
   */
  async bring<T>(run: () => Promise<T>, { weighs }: Bringing<T>, clock: { now(): number }): Promise<T> {
    if (weighs === undefined) return run()
    const wait = this.#brought?.owed(clock.now()) ?? 0
    if (wait > 0) throw new MillraceError('rate-limited', tooFast(wait))
    const result = await run()
    const [count, now] = [weighs(result), clock.now()]
    this.#buckets.requests?.drain(count, now)
    this.#brought?.owe(count, now)
    return result
  }

  #suffer(patience: TokenBucket | undefined, count: number, now: number): void {
    if ((patience?.take(count, now) ?? 0) > 0) this.#isFlood = true
  }
}
