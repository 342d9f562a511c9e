import type { EventStream } from '@millrace/server/requests'
import { type Responder, type Rng, sizeOf, type Timeline } from '@millrace/testing/parts'
import type { Conditions } from './path.js'

/** What a node writes its answer to. */
export interface Answering extends EventStream {
  /** A whole answer. */
  whole(status: number, body: string): void
  /** The node has died. */
  died(isMachineGone: boolean): void
  /** The node is told when nobody waits any more. */
  onGone(tell: () => void): void
}

export interface ForwardingParts {
  readonly timeline: Timeline
  readonly rng: Rng
  readonly to: Responder
  readonly path: Conditions
  readonly patience: number
}

/** One answer on its way back through the balancer, and what it does to it. */
export class Forwarding implements Answering {
  readonly #parts: ForwardingParts
  readonly #isLost: boolean
  readonly #gone: (() => void)[] = []
  #held: string[] = []
  #heldBytes = 0
  #hasHead = false
  #isOver = false
  #cancelIdle = (): void => {}

  constructor(parts: ForwardingParts) {
    this.#parts = parts
    this.#isLost = parts.rng.chance(parts.path.unanswered)
    parts.to.onGone(() => this.#over())
    if (!this.#isOver) this.#stir()
  }

  get buffered(): number {
    return this.#parts.to.buffered + this.#heldBytes
  }

  whole(status: number, body: string): void {
    if (this.#hasNobody()) return
    this.#head(status, status === 200)
    this.#truncate(body, this.#parts.path.truncated)
    this.end()
  }

  write(events: string): void {
    if (this.#hasNobody()) return
    this.#stir()
    this.#held.push(events)
    this.#heldBytes += sizeOf(events)
    // What was held up comes before what follows.
    if (!this.#parts.path.buffers) this.#release()
  }

  end(): void {
    if (this.#isOver) return
    this.#release()
    this.#parts.to.end()
    this.#over()
  }

  died(isMachineGone: boolean): void {
    const { timeline, patience } = this.#parts
    if (!isMachineGone) this.#break(502)
    else timeline.schedule(patience, () => this.#break(504))
  }

  onGone(tell: () => void): void {
    if (this.#isOver) tell()
    else this.#gone.push(tell)
  }

  /** Whether nobody will see what is answered. */
  #hasNobody(): boolean {
    if (this.#isLost && !this.#isOver) {
      // The client is told that the connection broke, or waits in vain.
      if (this.#parts.rng.chance(0.7)) this.#parts.to.fail()
      this.#over()
    }
    return this.#isOver
  }

  #head(status: number, isEvents: boolean): void {
    if (!this.#hasHead) this.#parts.to.head(status, isEvents)
    this.#hasHead = true
  }

  /** What is held up goes on. Before that not even the beginning of an answer gets through. */
  #release(): void {
    const { truncated } = this.#parts.path
    if (this.#held.length > 0) this.#head(200, true)
    this.#heldBytes = 0
    for (const events of this.#held.splice(0)) this.#truncate(events, truncated * truncated)
  }

  /** Passes it on; or a part of it, and then it breaks off, or looks as if that were all. */
  #truncate(text: string, probability: number): void {
    if (this.#isOver) return
    const { rng, to } = this.#parts
    if (text === '') return
    if (!rng.chance(probability)) {
      to.write(text)
      return
    }
    to.write(text.slice(0, rng.int(0, text.length - 1)))
    if (rng.chance(0.5)) to.fail()
    else to.end()
    this.#over()
  }

  #break(status: number): void {
    if (this.#isOver) return
    if (this.#hasHead) this.#parts.to.fail()
    else {
      this.#head(status, false)
      this.#parts.to.end()
    }
    this.#over()
  }

  /** Something came, and so the time begins anew after which it is taken for idle. */
  #stir(): void {
    const { path, timeline } = this.#parts
    this.#cancelIdle()
    if (path.idle > 0) this.#cancelIdle = timeline.schedule(path.idle, () => this.#break(504))
  }

  #over(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#cancelIdle()
    for (const tell of this.#gone.splice(0)) tell()
  }
}
