import { BadCommand, type Command, type Dialect, type Message } from '@millrace/protocol'
import type { Frame } from '../parts/network.js'
import type { Timeline } from '../parts/timeline.js'
import type { Ear } from '../parts/transport.js'

/** So many lines are kept, to be shown when something went wrong. */
const KEPT = 8

/** Tells what happens in a testbed, a line each, with the time that has passed. */
export class Trace {
  readonly #timeline: Timeline
  readonly #write: ((line: string) => void) | undefined
  readonly #recent: string[] = []

  constructor(timeline: Timeline, write: ((line: string) => void) | undefined) {
    this.#timeline = timeline
    this.#write = write
  }

  get recent(): readonly string[] {
    return this.#recent
  }

  note(what: string): void {
    const line = `${(this.#timeline.elapsed / 1000).toFixed(3)} s  ${what}`
    if (this.#recent.push(line) > KEPT) this.#recent.shift()
    this.#write?.(line)
  }
}

/** What one client says and hears on its connections: for the trace, and to know what has no answer. */
export class Talk implements Ear {
  readonly #name: string
  readonly #trace: Trace
  /** Commands without an answer on the connection there is, by their ids. */
  readonly #unanswered = new Map<number, string>()

  constructor(name: string, trace: Trace) {
    this.#name = name
    this.#trace = trace
  }

  /** What it said and has no answer to. */
  get unanswered(): readonly string[] {
    return [...this.#unanswered.values()]
  }

  opened(node: string): void {
    this.#trace.note(`${this.#name} is connected to ${node}`)
  }

  said(frame: Frame, dialect: Dialect): void {
    for (const command of dialect.readCommands(frame).all()) {
      if (command instanceof BadCommand) continue
      const text = textOf(command)
      if (command.id > 0) this.#unanswered.set(command.id, text)
      this.#trace.note(`${this.#name} → ${text}`)
    }
  }

  heard(frame: Frame, dialect: Dialect): void {
    for (const message of dialect.decodeMessages(frame)) {
      this.#unanswered.delete(message.id)
      this.#trace.note(`${this.#name} ← ${textOf(message)}`)
    }
  }

  closed(code: number, reason: string): void {
    this.#unanswered.clear()
    this.#trace.note(`${this.#name} lost its connection: ${code}${reason === '' ? '' : ` ${reason}`}`)
  }
}

/** Its kind, and what tells it from others of the kind. */
function textOf({ id, kind, body }: Command | Message): string {
  const fields = body as unknown as { readonly [name: string]: unknown }
  const about = fields['channel'] ?? fields['method'] ?? (kind === 'error' ? fields['message'] : undefined)
  const offset = fields['offset'] ?? (fields['position'] as { readonly offset?: number } | undefined)?.offset
  const parts = [
    kind,
    about,
    offset === undefined ? undefined : `@${offset}`,
    id === 0 ? undefined : `#${id}`,
  ]
  return parts.filter((part) => part !== undefined).join(' ')
}
