import { writeRequest } from '@millrace/protocol'
import type { Frame, Link, LinkEvents } from '../core/index.js'
import { eventReader, type StreamEvent } from './event-reader.js'
import type { RequestPorts } from './ports.js'
import { again, type Batch, Upstream } from './upstream.js'

/** Milliseconds after which a poll is given up: the server holds one for 25 seconds at most. [P8.4] */
const PATIENCE = 40_000

/**
 * A connection that is made of requests. `poll`: it asks again and again what there is, and outlives requests and answers that
 * are lost [P8.4]. `stream`: one long answer, with which it ends [P8.6].
 */
export class RequestLink implements Link {
  readonly #kind: 'poll' | 'stream'
  readonly #ports: RequestPorts
  readonly #events: LinkEvents
  readonly #upstream: Upstream
  #link: string | undefined
  /** The number of the last event that came. */
  #ack = 0
  #isStarted = false
  #isOver = false
  #abort = (): void => {}

  constructor(kind: 'poll' | 'stream', ports: RequestPorts, events: LinkEvents) {
    this.#kind = kind
    this.#ports = ports
    this.#events = events
    this.#upstream = new Upstream(ports, (reason) => this.#closed(1006, reason))
    void Promise.resolve().then(() => this.#isOver || events.opened(''))
  }

  get buffered(): number {
    return this.#upstream.buffered
  }

  sizeOf(frame: Frame): number {
    return this.#ports.sizeOf(frame as string)
  }

  send(frame: Frame): void {
    if (this.#isOver) return
    this.#upstream.add(frame as string)
    if (this.#isStarted) return
    this.#isStarted = true
    // What is said in the same turn goes along.
    void Promise.resolve().then(() => this.#run())
  }

  close(code: number): void {
    if (this.#isOver) return
    this.#stop()
    if (this.#link === undefined) return
    const body = writeRequest({ link: this.#link, code, frames: [] })
    this.#ports.post('close', body).answer.catch(() => {})
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#ports
    let fails = 0
    while (!this.#isOver) {
      const batch = this.#upstream.along()
      const status = await this.#request(batch)
      if (
        this.#kind === 'stream' ||
        this.#link === undefined ||
        (status >= 400 && status < 500 && status !== 409)
      )
        this.#closed(1006, status === 0 ? 'The answer broke off' : `The server answered ${status}`)
      else if (status === 200) fails = 0
      else await new Promise<void>((resolve) => clock.schedule(again(fails++, random), resolve))
    }
  }

  /** Asks, and tells what comes. Resolves with the status of the answer; 0 when none came, or not the whole of it. */
  async #request(batch: Batch): Promise<number> {
    const { clock, post } = this.#ports
    const { answer, abort } = post(this.#kind, writeRequest({ link: this.#link, ack: this.#ack, ...batch }))
    this.#abort = abort
    const cancel = this.#kind === 'poll' ? clock.schedule(PATIENCE, abort) : () => {}
    let came = false
    try {
      const { status, pieces } = await answer
      came = status === 200
      // What the server has it need not be sent again while its answer goes on.
      this.#upstream.settled(batch, came)
      const read = eventReader((event) => this.#hear(event))
      if (came) for await (const piece of pieces) read(piece)
      return status
    } catch {
      if (!came) this.#upstream.settled(batch, false)
      return 0
    } finally {
      cancel()
    }
  }

  #hear({ kind, id, data }: StreamEvent): void {
    if (this.#isOver) return
    if (kind === 'open') {
      const { link } = JSON.parse(data)
      this.#link = link
      this.#upstream.open(link)
    } else if (kind === 'close') {
      const { code, reason } = JSON.parse(data)
      this.#closed(code, reason)
    } else {
      // What comes again is known by its number.
      const no = id === '' ? this.#ack + 1 : Number(id)
      if (no <= this.#ack) return
      this.#ack = no
      this.#events.frame(data)
    }
  }

  #stop(): void {
    this.#isOver = true
    this.#upstream.stop()
    this.#abort()
  }

  #closed(code: number, reason: string): void {
    if (this.#isOver) return
    this.#stop()
    this.#events.closed(code, reason)
  }
}
