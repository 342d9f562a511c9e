import type { Faults } from './faults.js'

/** Checks UTF-8 octet by octet, straight from the table of RFC 3629 §4. */
export class Utf8Checker {
  readonly #faults: Faults
  /** How many continuation octets are still to come, and the range of the next one. */
  #expected = 0
  #low = 0x80
  #high = 0xbf

  constructor(faults: Faults) {
    this.#faults = faults
  }

  /** Whether no code point is unfinished. */
  get complete(): boolean {
    return this.#expected === 0
  }

  /** False at the first octet that cannot belong to any UTF-8 text. */
  accepts(octet: number): boolean {
    if (this.#expected === 0) return this.#begin(octet)
    const fits = octet >= this.#low && octet <= this.#high
    this.#expected--
    this.#low = 0x80
    this.#high = 0xbf
    return fits
  }

  #begin(octet: number): boolean {
    if (octet < 0x80) return true
    if (octet < (this.#faults.has('acceptsOverlong') ? 0xc0 : 0xc2) || octet > 0xf4) return false
    this.#expected = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3
    if (octet === 0xe0 && !this.#faults.has('acceptsOverlong')) this.#low = 0xa0
    if (octet === 0xed && !this.#faults.has('acceptsSurrogates')) this.#high = 0x9f
    if (octet === 0xf0 && !this.#faults.has('acceptsOverlong')) this.#low = 0x90
    if (octet === 0xf4) this.#high = 0x8f
    return true
  }
}

export function isUtf8(data: Uint8Array, faults: Faults): boolean {
  const checker = new Utf8Checker(faults)
  return data.every((octet) => checker.accepts(octet)) && checker.complete
}
