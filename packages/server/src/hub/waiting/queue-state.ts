import {
  type Fact,
  type Outcome,
  type Page,
  sizeOfCommand,
  sizeOfOutcome,
  type Taking,
  type WaitingCommand,
} from './facts.js'

/** A command that is over. */
export interface EndedCommand {
  /** Absent where too much was answered since to keep it. */
  readonly outcome: Outcome | undefined
  /** Of what was asked. */
  readonly mark: number
  readonly offset: number
}

export interface StateLimits {
  /** How many publications the stream keeps: what is over is known as long as its end is among them. */
  readonly kept: number
  /** Bytes of outcomes that are kept in memory. */
  readonly outcomes: number
}

/**
 * What a user's stream of commands says, up to an offset: the outcome of its facts alone, in their order, so that all nodes that
 * have read as far agree. It knows no time. [H5.8]
 */
export class QueueState {
  readonly #limits: StateLimits
  readonly #waiting = new Map<string, { readonly command: WaitingCommand; readonly offset: number }>()
  readonly #ended = new Map<string, EndedCommand>()
  #outcomes = 0
  #bytes = 0
  #lastOrder = 0
  /** Up to where the stream was read. */
  offset = 0
  /** Of the last page. */
  version = 0

  constructor(limits: StateLimits) {
    this.#limits = limits
  }

  /** The commands that are not over, in the order in which they were asked. */
  get waiting(): readonly WaitingCommand[] {
    return [...this.#waiting.values()].map(({ command }) => command)
  }

  get size(): number {
    return this.#waiting.size
  }

  /** About how many bytes wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** The order of the latest command: the next one's is higher. */
  get lastOrder(): number {
    return this.#lastOrder
  }

  find(id: string): WaitingCommand | undefined {
    return this.#waiting.get(id)?.command
  }

  ended(id: string): EndedCommand | undefined {
    return this.#ended.get(id)
  }

  /** Those whose place in the stream is at or before an offset. */
  standingBefore(offset: number): readonly WaitingCommand[] {
    return [...this.#waiting.values()].filter((one) => one.offset <= offset).map(({ command }) => command)
  }

  /** The next publication of the stream. One that was taken in before says nothing. */
  apply(offset: number, { version, facts }: Page): void {
    if (offset <= this.offset) return
    this.offset = offset
    this.version = Math.max(this.version, version)
    for (const fact of facts) this.#take(fact)
    this.#forget()
  }

  /** The stream begins anew here, or what came before cannot be read any more. */
  reset(offset: number): void {
    this.#waiting.clear()
    this.#ended.clear()
    this.#outcomes = 0
    this.#bytes = 0
    this.#lastOrder = 0
    this.offset = offset
    this.version = 0
  }

  #take(fact: Fact): void {
    switch (fact.fact) {
      case 'asked':
        this.#ask(fact.command)
        break
      case 'taken':
        this.#change(fact.id, (command) => ({ ...command, taken: fact.by, tries: command.tries + 1 }))
        break
      case 'released':
        this.#change(fact.id, (command) => ({ ...command, taken: undefined }))
        break
      case 'ended':
        this.#end(fact)
    }
  }

  #ask(command: WaitingCommand): void {
    const { id, order } = command
    if (this.#ended.has(id)) return
    const known = this.#waiting.get(id)
    this.#waiting.set(id, { command: known?.command ?? command, offset: this.offset })
    if (known !== undefined) return
    this.#bytes += sizeOfCommand(command)
    if (order < this.#lastOrder) this.#sort()
    this.#lastOrder = Math.max(this.#lastOrder, order)
  }

  /** Who begins to read late meets commands that were written down anew behind younger ones. */
  #sort(): void {
    const sorted = [...this.#waiting].sort(([, a], [, b]) => a.command.order - b.command.order)
    this.#waiting.clear()
    for (const [id, one] of sorted) this.#waiting.set(id, one)
  }

  #change(id: string, change: (command: WaitingCommand) => WaitingCommand): void {
    const known = this.#waiting.get(id)
    if (known !== undefined) this.#waiting.set(id, { ...known, command: change(known.command) })
  }

  #end({ id, outcome, mark }: Extract<Fact, { fact: 'ended' }>): void {
    const known = this.#waiting.get(id)
    if (known !== undefined) this.#bytes -= sizeOfCommand(known.command)
    this.#waiting.delete(id)
    if (this.#ended.has(id)) return
    this.#ended.set(id, { outcome, mark, offset: this.offset })
    this.#outcomes += sizeOfOutcome(outcome)
  }

  /** Of what is over, no more is known than the stream can tell who reads it now, and no more than fits. */
  #forget(): void {
    const floor = this.offset - this.#limits.kept
    for (const [id, { outcome, mark, offset }] of this.#ended) {
      if (offset > floor && this.#outcomes <= this.#limits.outcomes) return
      if (outcome !== undefined) this.#outcomes -= sizeOfOutcome(outcome)
      if (offset <= floor) this.#ended.delete(id)
      else this.#ended.set(id, { outcome: undefined, mark, offset })
    }
  }
}

export interface Moment {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Whether nobody carries out what was taken so. */
  isVoid(id: string, taking: Taking): boolean
}

/** Whether a device has it at the moment. */
const isUnderWay = ({ id, taken }: WaitingCommand, moment: Moment): boolean =>
  taken !== undefined && !moment.isVoid(id, taken)

/**
 * The commands whose turn it is: in order, those of one key one after the other, and no more at a time than there is room for beside
 * those that are under way.
 */
export function due(state: QueueState, moment: Moment, room: number): readonly WaitingCommand[] {
  const running = state.waiting.filter((command) => isUnderWay(command, moment))
  const keys = new Set(running.map(({ key }) => key))
  const list: WaitingCommand[] = []
  for (const command of state.waiting) {
    // What is late is over, so it keeps nobody waiting.
    if (command.expires <= moment.now || running.includes(command)) continue
    const { key } = command
    if (key === undefined || !keys.has(key)) list.push(command)
    keys.add(key)
  }
  return list.slice(0, Math.max(0, room - running.length))
}

/** Those that are late: nobody begins with them any more. */
export const late = (state: QueueState, moment: Moment): readonly WaitingCommand[] =>
  state.waiting.filter((command) => command.expires <= moment.now && !isUnderWay(command, moment))
