import { type RequestHeader, writeRequest } from '@millrace/protocol'
import type { Frame, Link, LinkEvents } from '../core/index.js'
import { eventReader, type StreamEvent } from './event-reader.js'
import type { Pace } from './pace.js'
import type { RequestPorts } from './ports.js'
import { Tries } from './tries.js'
import { type Batch, isFinal, Upstream } from './upstream.js'

export interface RequestLinkParts {
  readonly ports: RequestPorts
  readonly pace: Pace
  readonly events: LinkEvents
}

/** Milliseconds for which an answer is waited for beyond the time for which the server may hold it. */
const PATIENCE = 10_000
/** Milliseconds within which something comes after commands went up; else the answer that would bring it is taken for lost. */
const REPLY_WITHIN = 3000
/** Milliseconds for which what is said waits for an answer to be read to its end. */
const READ_WITHIN = 100
/** Milliseconds for which the last words of an answer, and those to the server, are waited for. */
const FAREWELL = 1000
/** Milliseconds within which a page hears that it has to go, whose answers were broken off for that. */
const LEAVES_WITHIN = 400
/** RFC 6455 §7.4.1: a browser has navigated away from a page. */
const GOING_AWAY = 1001
/** A frame that says nothing: of one that comes slowly it says that it comes. */
const SOMETHING_COMES = '[]'
/** What a request takes along that opens a connection. */
const NOTHING: Batch = { seq: 1, frames: [] }

/** How a request ended: with which status, 0 for none, and whether anything came with the answer. */
interface Outcome {
  readonly status: number
  readonly brought: boolean
}

/**
 * A connection that is made of requests. `poll`: it asks again and again what there is, and outlives requests and answers that
 * are lost [P8.4]. `stream`: one long answer, with which it ends [P8.6].
 */
export class RequestLink implements Link {
  readonly #kind: 'poll' | 'stream'
  readonly #ports: RequestPorts
  readonly #pace: Pace
  readonly #events: LinkEvents
  readonly #upstream: Upstream
  /** Listens for the end of the page no more. */
  readonly #stay: () => void
  #link: string | undefined
  /** The number of the last event that came. */
  #ack = 0
  #isOver = false
  /** Ends the request that is out. */
  #abort = (): void => {}
  /** Ends the rest before the next one. */
  #wake = (): void => {}
  /** Ends the wait for what should come; undefined when nothing should. */
  #forget: (() => void) | undefined
  /** The poll that is out was ended from here, to ask again. */
  #isRenewed = false

  constructor(kind: 'poll' | 'stream', { ports, pace, events }: RequestLinkParts) {
    this.#kind = kind
    this.#ports = ports
    this.#pace = pace
    this.#events = events
    this.#upstream = new Upstream(ports, {
      sent: () => this.#expect(),
      gone: (reason) => this.#gone(reason),
    })
    // As a browser closes a WebSocket: else the server would wait for a client that is to come back.
    this.#stay = ports.leaving(() => (this.#isOver ? this.#say(GOING_AWAY, NOTHING) : this.close(GOING_AWAY)))
    void Promise.resolve().then(() => {
      if (!this.#isOver) void this.#begin()
    })
  }

  get buffered(): number {
    return this.#upstream.buffered
  }

  sizeOf(frame: Frame): number {
    return this.#ports.sizeOf(frame as string)
  }

  send(frame: Frame): void {
    if (this.#isOver) return
    // Before the frame is there: then the poll takes it along.
    this.#wake()
    this.#upstream.add(frame as string)
  }

  /** What went along with a poll is known to have come when that is answered: a request of its own is answered at once. */
  flush(): void {
    this.#upstream.free()
  }

  close(code: number): void {
    if (this.#isOver) return
    this.#stay()
    // What was said before still counts.
    this.#say(code, this.#stop())
  }

  /** Tells the server that it is over, where it knows of it. */
  #say(code: number, rest: Batch): void {
    const link = this.#link
    if (link === undefined) {
      this.#abort()
      return
    }
    const { answer } = this.#ports.post('close', writeRequest({ link, code, ...rest }))
    // A stream that breaks before its end is told would be taken for cut.
    const cancel = this.#ports.clock.schedule(FAREWELL, this.#abort)
    const done = (): void => {
      cancel()
      this.#abort()
    }
    answer.then(done, done)
  }

  /** Opens the connection, with nothing else in the request: who repeats it on its way opens another one, and no more than that. */
  async #begin(): Promise<void> {
    const { status } = await this.#request({}, NOTHING)
    if (this.#link === undefined) this.#closed(1006, said(status))
    else if (this.#kind === 'poll') await this.#poll(this.#link)
    else this.#closed(1006, status === 200 ? 'The stream ended' : said(status))
  }

  async #poll(link: string): Promise<void> {
    const { clock } = this.#ports
    const tries = new Tries(this.#ports)
    // Nothing comes before something is said.
    if (this.buffered === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    while (!this.#isOver) {
      const { wait } = this.#pace
      const asked = clock.now()
      const batch = this.#upstream.along()
      this.#upstream.open(link)
      const { status, brought } = await this.#request({ link, ack: this.#ack, wait }, batch)
      const isWell = status === 200
      tries.ended(asked, !isWell || (wait > 0 && !brought))
      if (isFinal(status) || (!isWell && tries.isHopeless)) return this.#closed(1006, said(status))
      this.#learn(isWell, clock.now() - asked)
      if (!isWell || tries.isInVain) this.#upstream.free()
      if (tries.isInVain) await this.#rest(tries.wait)
      else if (this.buffered === 0) await this.#rest(this.#pace.rest(brought), true)
    }
  }

  /** From a poll that took so many milliseconds. One that was ended from here says nothing about the network. */
  #learn(isWell: boolean, took: number): void {
    if (isWell) this.#pace.answered(took)
    else if (!this.#isRenewed) this.#pace.broke(took)
    this.#isRenewed = false
  }

  /** Waits; until something is to be said, if it may be woken. */
  #rest(ms: number, mayWake = false): Promise<void> | undefined {
    if (ms === 0) return undefined
    return new Promise((resolve) => {
      const cancel = this.#ports.clock.schedule(ms, resolve)
      if (!mayWake) return
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }

  /** Asks, and tells what comes. */
  async #request(header: RequestHeader, batch: Batch): Promise<Outcome> {
    const { clock, post } = this.#ports
    this.#wake = () => {}
    const { answer, abort } = post(this.#kind, writeRequest({ ...header, ...batch }))
    this.#abort = abort
    let cancel = (): void => {}
    const expect = (within: number): void => {
      cancel()
      if (header.wait !== undefined) cancel = clock.schedule(within, abort)
    }
    expect((header.wait ?? 0) + PATIENCE)
    let brought = batch.frames.length > 0
    let free = (): void => {}
    let isPart = false
    try {
      const { status, isEvents, pieces } = await answer
      const isOurs = status === 200 && isEvents
      if (!isOurs) return { status: status === 200 ? 0 : status, brought }
      if (this.#kind === 'poll') {
        this.#upstream.came(batch)
        // What is said while the answer is read goes with the next poll, unless that is long in coming.
        free = clock.schedule(READ_WITHIN, () => this.#upstream.free())
      }
      const read = eventReader((event) => {
        brought = true
        isPart = false
        this.#hear(event)
      })
      for await (const piece of pieces) {
        expect(PATIENCE)
        isPart = piece !== ''
        read(piece)
        if (isPart) this.#comes()
      }
      return { status, brought }
    } catch {
      return { status: 0, brought }
    } finally {
      cancel()
      free()
    }
  }

  /** A part of an event has come. Over a slow link the rest of a long one may take longer than silence is suffered. */
  #comes(): void {
    this.#isHeard()
    // Before a frame came down the connection has not proved to work.
    if (this.#ack > 0 && !this.#isOver) this.#events.frame(SOMETHING_COMES)
  }

  /** What was said is being answered, for all that is known. */
  #isHeard(): void {
    this.#forget?.()
    this.#forget = undefined
  }

  #hear({ kind, id, data }: StreamEvent): void {
    if (this.#isOver) return
    this.#isHeard()
    if (kind === 'open' && this.#link === undefined) {
      const { link } = JSON.parse(data)
      this.#link = link
      if (this.#kind === 'stream') this.#upstream.open(link)
      this.#events.opened('')
    } else if (kind === 'close') {
      const { code, reason } = JSON.parse(data)
      this.#closed(code, reason)
    } else if (kind === 'message') this.#hearFrame(id, data)
  }

  #hearFrame(id: string, frame: string): void {
    const no = id === '' ? this.#ack + 1 : Number(id)
    // What comes again is known by its number.
    if (no <= this.#ack) return
    if (no === this.#ack + 1) {
      this.#ack = no
      this.#events.frame(frame)
    } else this.#closed(1006, 'Something is missing')
  }

  /** Commands went up: what answers them comes soon by the poll that is out, or that poll's answer is lost. */
  #expect(): void {
    if (this.#kind === 'stream' || this.#isOver) return
    this.#forget ??= this.#ports.clock.schedule(REPLY_WITHIN, () => {
      this.#forget = undefined
      this.#isRenewed = true
      this.#abort()
    })
  }

  /** The stream knows better how it ended, if it has time to say so. */
  #gone(reason: string): void {
    const over = (): void => this.#closed(1006, reason)
    if (this.#kind === 'stream') this.#ports.clock.schedule(FAREWELL, over)
    else over()
  }

  #stop(): Batch {
    this.#isOver = true
    this.#forget?.()
    this.#wake()
    return this.#upstream.stop()
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return
    this.#stop()
    this.#abort()
    // A browser breaks off what comes for a page just before it tells the page that it has to go.
    if (code === 1006) this.#ports.clock.schedule(LEAVES_WITHIN, this.#stay)
    else this.#stay()
    this.#events.closed(code, reason)
  }
}

const said = (status: number): string =>
  status === 0 ? 'No answer of the server came' : `The server answered ${status}`
