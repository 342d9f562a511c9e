import { BadCommand, type CodeName, type Command, type CommandReader, type Decoded } from '@millrace/protocol'
import type { Refused } from './failures.js'
import type { Link } from './ports.js'
import { areFew, Rates, tooFast } from './rates.js'
import type { SessionHost } from './session-host.js'
import type { Turns } from './turns.js'

/** Of one session such a part is carried out in a turn of the event loop: so many commands, and fewer of those that look something up. */
export const SLICE = 64
/** What one of those counts, of which subscribing, the dearest, takes some 50 µs. */
const LOOKUP = 4
const LIGHT: readonly Command['kind'][] = ['publish', 'ephemeral', 'answer', 'ping', 'pong']

const weightOf = (command: Decoded<Command>): number =>
  command instanceof BadCommand || LIGHT.includes(command.kind) ? 1 : LOOKUP

/** The session whose client sends. */
export interface Receiving {
  readonly link: Pick<Link, 'dialect'>
  readonly hasEnded: boolean
  /** Whether it was asked for, however often: then it is no flood. */
  isDue(command: Decoded<Command>): boolean
  take(command: Decoded<Command>): void
  refuse(id: number, error: Refused): void
  close(code: CodeName, reason?: string): void
  /** Stops reading from the client. */
  pause(): void
  resume(): void
}

/** What is needed of the hub. */
type Host = Pick<SessionHost, 'limits' | 'now' | 'failed'> & {
  readonly turns: Pick<Turns, 'number' | 'later'>
}

/**
 * What a client sends: read, counted, and handed to its session a part of it in each turn, so that nobody waits for the thousands of commands that
 * another may send at once. What is left is carried out in the turns that follow, in order, and nothing more is read from the link meanwhile. [H1.8]
 */
export class Incoming {
  readonly #session: Receiving
  readonly #host: Host
  /** Commands since it was looked at last, and frames without any; and while it is not as if nothing had come. */
  commands = 0
  rates: Rates | undefined
  /** What is left of a frame, and frames that came meanwhile. */
  #rest: CommandReader | undefined
  #waiting: (string | Uint8Array)[] | undefined
  /** Of this turn, by number, what has come of its part. */
  #turn = 0
  #came = 0

  constructor(session: Receiving, host: Host) {
    this.#session = session
    this.#host = host
  }

  receive(frame: string | Uint8Array): void {
    if (this.#rest === undefined) {
      const reader = this.#open(frame)
      if (!this.#read(reader)) this.#putOff(reader)
      return
    }
    this.#waiting ??= []
    this.#waiting.push(frame)
  }

  /** A ping or pong of the transport has come, or what counts as one. */
  ping(): void {
    const rates = this.#rated()
    rates?.ping(this.#host.now())
    if (rates?.isFlood) this.#session.close('rate-exceeded')
  }

  /** Forgets what is not worth keeping any more. */
  settle(): void {
    this.commands = 0
    if (this.rates?.isFull(this.#host.now())) this.rates = undefined
  }

  #open(frame: string | Uint8Array): CommandReader {
    this.rates?.frame(frame.length, this.#host.now())
    return this.#session.link.dialect.readCommands(frame)
  }

  /** Hands over what belongs to this turn. Whether that was all. */
  #read(reader: CommandReader): boolean {
    const { turns } = this.#host
    while (!this.#session.hasEnded) {
      if (this.rates !== undefined && this.#turn !== turns.number)
        [this.#turn, this.#came] = [turns.number, 0]
      if (this.#came >= SLICE) return false
      const command = this.#nextOf(reader)
      if (command !== undefined) this.#hand(command)
      else {
        if (reader.count === 0) this.#count(undefined)
        return true
      }
    }
    return true
  }

  #nextOf(reader: CommandReader): Decoded<Command> | undefined {
    try {
      return reader.next()
    } catch (error) {
      this.#host.failed('decoding a frame', error)
      this.#session.close('protocol-error', 'The frame could not be read')
      return undefined
    }
  }

  #hand(command: Decoded<Command>): void {
    // What the server asked for itself is no flood, however often it asks how fast the client reads.
    const wait = this.#session.isDue(command) ? 0 : this.#count(command)
    if (this.#session.hasEnded) return
    if (this.rates !== undefined) this.#came += wait === 0 ? weightOf(command) : 1
    if (wait === 0) this.#session.take(command)
    else this.#session.refuse(command.id, tooFast(wait))
  }

  /** Milliseconds after which it may be carried out. A frame that holds no command counts as one. */
  #count(command: Decoded<Command> | undefined): number {
    const rates = this.#rated()
    const wait = rates?.command(command, this.#host.now()) ?? 0
    if (rates?.isFlood) this.#session.close('rate-exceeded')
    return wait
  }

  #rated(): Rates | undefined {
    const { rates } = this.#host.limits
    this.commands++
    if (rates !== undefined && !areFew(this.commands, rates))
      this.rates ??= new Rates(rates, this.#host.now())
    return this.rates
  }

  #putOff(reader: CommandReader): void {
    this.#rest = reader
    this.#session.pause()
    this.#host.turns.later(() => this.#goOn())
  }

  #goOn(): void {
    this.#turn = this.#host.turns.number
    this.#came = 0
    for (let rest = this.#rest; rest !== undefined; rest = this.#next()) {
      this.#rest = rest
      if (this.#read(rest)) continue
      this.#host.turns.later(() => this.#goOn())
      return
    }
    this.#rest = undefined
    this.#session.resume()
  }

  #next(): CommandReader | undefined {
    const frame = this.#session.hasEnded ? undefined : this.#waiting?.shift()
    return frame === undefined ? undefined : this.#open(frame)
  }
}
