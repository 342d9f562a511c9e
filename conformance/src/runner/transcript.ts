import { hex } from '../wire/bytes.js'

const MOST_LINES = 40

/** What went over the wire in one run, kept for the report of a failure. */
export class Transcript {
  readonly lines: string[] = []
  #dropped = 0

  sent(bytes: Uint8Array): void {
    this.#add(`→ ${hex(bytes)}`)
  }

  /** Text that was sent: a request or a response. */
  sentText(text: string): void {
    for (const line of text.trimEnd().split('\r\n')) this.#add(`→ ${line}`)
  }

  got(what: string): void {
    this.#add(`← ${what}`)
  }

  note(what: string): void {
    this.#add(`· ${what}`)
  }

  text(): readonly string[] {
    return this.#dropped === 0 ? this.lines : [...this.lines, `· and ${this.#dropped} more`]
  }

  #add(line: string): void {
    if (this.lines.length < MOST_LINES) this.lines.push(line)
    else this.#dropped++
  }
}
