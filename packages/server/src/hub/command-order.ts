import type { Command } from '@millrace/protocol'
import type { Link } from './ports.js'
import type { SessionLimits } from './session-host.js'
import type { Turns } from './turns.js'

export interface CommandOrderParts {
  readonly limits: Pick<SessionLimits, 'pendingCommands' | 'subscriptions'>
  readonly link: Pick<Link, 'pause' | 'resume'>
  /** Whether so much waits for the client already that nothing more should be read for it. */
  isFull(): boolean
  /** Undefined when it is done already; a promise that never rejects when it goes on. */
  execute(command: Command): Promise<void> | undefined
  /** There are too many. */
  refuse(command: Command): void
  /** Nothing is under way any more. */
  idle(): void
  readonly turns: Pick<Turns, 'later' | 'soon'>
}

/** So many replies may be read for one session at a time: each may bring as much as one reply may. */
const MOST_READS = 16
/** What brings so much is followed by others' turns: a hundred clients that ask for twenty pages each would keep everybody waiting for seconds. */
const HEAVY = 8

/** How much a reply brings. */
export interface Bringing<T> {
  /** For how many it counts, as far as that is known before it is read. Default 1. */
  readonly weight?: number
  /** The same, once it is. */
  weighs?(result: T): number
}

/** A reply that waits to be read. */
interface Reading {
  readonly weight: number
  begin(): void
}

/** The commands of a session that are under way: in order on each channel, and not more than the hub or the client can take. */
export class CommandOrder {
  readonly #parts: CommandOrderParts
  /** The last command under way per channel; commands on it wait for that one. [P5.1] */
  readonly #tails = new Map<string, Promise<void>>()
  #pending = 0
  #isPaused = false
  #reads = 0
  /** Commands that wait until the client has read what it was sent. */
  #waits = 0
  readonly #readers: Reading[] = []

  constructor(parts: CommandOrderParts) {
    this.#parts = parts
  }

  /** Carries out a command after those on the same channel that came before it. */
  take(command: Command): void {
    const { execute, limits, refuse } = this.#parts
    if (this.#waitsForClient && this.#pending >= limits.pendingCommands + limits.subscriptions) {
      refuse(command)
      return
    }
    const channel = 'channel' in command.body ? command.body.channel : undefined
    const before = channel === undefined ? undefined : this.#tails.get(channel)
    const running = before === undefined ? execute(command) : before.then(() => execute(command))
    if (running === undefined) this.#rest()
    else this.began(command, running)
  }

  /** A command is under way. */
  began({ body }: Command, running: Promise<void>): void {
    const channel = 'channel' in body ? body.channel : undefined
    this.#begin()
    const done = running.then(() => {
      if (channel !== undefined && this.#tails.get(channel) === done) this.#tails.delete(channel)
      this.#finish()
    })
    if (channel !== undefined) this.#tails.set(channel, done)
  }

  /** Reads what a reply brings, as soon as the client has read enough of what was sent before. [H9.4] */
  async read<T>(run: () => Promise<T>, { weight = 1, weighs }: Bringing<T> = {}): Promise<T> {
    if (this.#mayRead) this.#reads += weight
    else await this.#turn(weight)
    let brought = weight
    try {
      const result = await run()
      brought = Math.max(weight, weighs?.(result) ?? 0)
      this.#reads += brought - weight
      // What is still to be done takes longer: to write it.
      if (brought >= HEAVY) await new Promise<void>((go) => this.#parts.turns.soon(go))
      return result
    } finally {
      const done = (): void => {
        this.#reads -= brought
        this.proceed()
      }
      if (brought < HEAVY) done()
      else this.#parts.turns.later(done)
    }
  }

  /** Waits for something that comes when the client has read enough. Meanwhile it is heard: what says so comes from it. [H9.4] */
  async whileItReads<T>(wait: Promise<T>): Promise<T> {
    this.#waits++
    this.#resume()
    try {
      return await wait
    } finally {
      this.#waits--
    }
  }

  /** Room has become free. */
  proceed(): void {
    while (this.#mayRead) {
      const next = this.#readers.shift()
      if (next === undefined) return
      this.#reads += next.weight
      next.begin()
    }
  }

  get #mayRead(): boolean {
    return this.#reads < MOST_READS && !this.#parts.isFull()
  }

  #turn(weight: number): Promise<void> {
    const turn = new Promise<void>((begin) => this.#readers.push({ weight, begin }))
    // What it waits for may be an answer of the client's, and so must be read.
    if (this.#waitsForClient) this.#resume()
    return turn
  }

  get #waitsForClient(): boolean {
    return this.#waits > 0 || (this.#readers.length > 0 && this.#parts.isFull())
  }

  #begin(): void {
    this.#pending++
    if (this.#isPaused || this.#pending < this.#parts.limits.pendingCommands || this.#waitsForClient) return
    this.#isPaused = true
    this.#parts.link.pause()
  }

  #finish(): void {
    this.#pending--
    if (this.#pending <= this.#parts.limits.pendingCommands / 2) this.#resume()
    this.#rest()
  }

  #rest(): void {
    if (this.#pending === 0) this.#parts.idle()
  }

  #resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#parts.link.resume()
  }
}
