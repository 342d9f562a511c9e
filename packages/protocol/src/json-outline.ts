/** What is asked of a client's JSON before it is read: how deep it is, and where its payload stands. Rules [P3.12] and [P3.13]. */

/** JSON that comes from a client has at most so many arrays and objects within each other. [P3.12] */
export const MAX_JSON_DEPTH = 128
/** A frame of one command is an object, its body another within it. */
const BODY = 2

const NAME = '"data"'

const codeOf = (character: string): number => character.charCodeAt(0)
const [QUOTE, BACKSLASH, COMMA, COLON, BLANK] = [...'"\\,: '].map(codeOf) as [
  number,
  number,
  number,
  number,
  number,
]
const [ARRAY, ARRAY_END, OBJECT, OBJECT_END] = [...'[]{}'].map(codeOf) as [number, number, number, number]

/**
 * Looks through a frame. It is asked before it is parsed: what a parser can still read, other platforms and whoever writes it again may
 * not. What is no JSON may be judged either way, and fails anyway.
 */
export class JsonOutline {
  /** Whether it is nested too deep. */
  readonly isTooDeep: boolean
  readonly #text: string
  /** What is known of the payload: nothing, where it begins, and where it ends. */
  #start = -1
  #end = -1
  /** Of several commands none is looked for; and a name may be written in escapes, or twice, and then what JSON says of it is not what is found here. */
  #isUnsure: boolean

  constructor(text: string) {
    this.#text = text
    this.#isUnsure = text.charCodeAt(0) !== OBJECT
    // Each level takes two characters, so what is short need not be looked at.
    this.isTooDeep = text.length > 2 * MAX_JSON_DEPTH && this.#look()
  }

  /**
   * The text of the payload, in a frame of one command that is JSON. Undefined where that is not sure, or not worth it: a slice keeps the
   * whole frame in memory, so it has to be most of it.
   */
  get payload(): string | undefined {
    const isFound = this.#end >= 0 && !this.#isUnsure
    const isWorthIt = 2 * (this.#end - this.#start) >= this.#text.length
    return isFound && isWorthIt ? this.#text.slice(this.#start, this.#end).trim() : undefined
  }

  #look(): boolean {
    const text = this.#text
    let depth = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        at = this.#string(at, endOfString(text, at), depth)
      } else if (code === ARRAY || code === OBJECT) {
        if (++depth > MAX_JSON_DEPTH) return true
      } else if (code === ARRAY_END || code === OBJECT_END || code === COMMA) {
        if (depth === BODY) this.#value(at)
        if (code !== COMMA) depth--
      }
    }
    return false
  }

  /** Where to look on behind a string. Those of the envelope are looked at. */
  #string(start: number, end: number, depth: number): number {
    const isInPayload = this.#start > this.#end
    if (depth > BODY || isInPayload || this.#isUnsure) return end
    this.#isUnsure = this.#text.slice(start, end).includes('\\')
    if (depth < BODY || end - start !== NAME.length - 1 || !this.#text.startsWith(NAME, start)) return end
    let at = end + 1
    while (this.#text.charCodeAt(at) <= BLANK) at++
    if (this.#text.charCodeAt(at) !== COLON) return end
    this.#isUnsure ||= this.#end >= 0
    this.#start = at + 1
    return at
  }

  /** What was looked at ends here. */
  #value(end: number): void {
    if (this.#start > this.#end) this.#end = end
  }
}

/** The same of a value that was parsed. */
export const isTooDeepValue = (value: unknown, levels = MAX_JSON_DEPTH): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((one) => isTooDeepValue(one, levels - 1)))

/** Where the string that begins here ends: at its last quote, or at the text's end when it has none. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before--
    if ((end - before) % 2 === 1) return end
  }
  return text.length
}
