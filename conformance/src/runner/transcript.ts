import { hex } from '../wire/bytes.js'

// Of a long run the beginning and the end are kept.
const FIRST_LINES = 24
const LAST_LINES = 12

/** What went over the wire in one run, kept for the report of a failure. */
export class Transcript {
  readonly #first: string[] = []
  readonly #last: string[] = []
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
    const gap = this.#dropped === 0 ? [] : [`· ${this.#dropped} lines left out`]
    return [...this.#first, ...gap, ...this.#last]
  }

  #add(line: string): void {
    if (this.#first.length < FIRST_LINES) {
      this.#first.push(line)
      return
    }
    this.#last.push(line)
    if (this.#last.length <= LAST_LINES) return
    this.#last.shift()
    this.#dropped++
  }
}
