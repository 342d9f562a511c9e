import { toHex } from '../bytes.js'

/**
 * What RFC 6455 says about a sequence of octets, read the slow way: the whole input is at hand, and nothing is kept
 * between chunks because there are none. The engine must come to the same events.
 */

export type FrameEvent =
  | { readonly is: 'text' | 'binary' | 'ping' | 'pong'; readonly payload: string }
  /** 1005 stands for a Close without a code. */
  | { readonly is: 'close'; readonly code: number; readonly reason: string }
  | { readonly is: 'failure'; readonly code: number }

export interface OracleRules {
  readonly masked: boolean
  readonly maxFrame: number
  readonly maxMessage: number
  readonly maxFragments: number
}

/** A rule was broken: the code to fail with. */
class Broken extends Error {
  readonly code: number
  constructor(code: number) {
    super(String(code))
    this.code = code
  }
}

export function readAll(input: Uint8Array, rules: OracleRules): FrameEvent[] {
  const oracle = new Oracle(input, rules)
  try {
    while (oracle.frame());
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    oracle.events.push({ is: 'failure', code: error.code })
  }
  return oracle.events
}

class Oracle {
  readonly events: FrameEvent[] = []
  readonly #input: Uint8Array
  readonly #rules: OracleRules
  #at = 0
  #message: { readonly text: boolean; octets: number[]; fragments: number } | undefined

  constructor(input: Uint8Array, rules: OracleRules) {
    this.#input = input
    this.#rules = rules
  }

  /** Reads one frame; false when there is none left, or only a part of one. */
  frame(): boolean {
    const first = this.#input[this.#at]
    const second = this.#input[this.#at + 1]
    if (first === undefined || second === undefined) return false
    this.#checkStart(first, second)
    const form = second & 0x7f
    const size = form === 126 ? 2 : form === 127 ? 8 : 0
    let at = this.#at + 2
    if (at + size > this.#input.byteLength) return false
    const length = size === 0 ? form : this.#longLength(at, size)
    at += size
    const opcode = first & 15
    if (opcode < 8) this.#checkSize(length)
    const key = this.#input.subarray(at, at + 4)
    if (this.#rules.masked) {
      if (key.byteLength < 4) return false
      at += 4
    }
    const there = this.#input.subarray(at, at + Math.min(length, this.#input.byteLength))
    const payload = Array.from(there, (octet, i) => (this.#rules.masked ? octet ^ (key[i % 4] ?? 0) : octet))
    const whole = payload.length === length
    this.#at = at + payload.length
    if (opcode < 8) this.#data(first, payload, whole)
    else if (whole) return this.#control(opcode, Uint8Array.from(payload))
    return whole
  }

  /** §5.1, §5.2, §5.4, §5.5: what two octets decide. */
  #checkStart(first: number, second: number): void {
    const opcode = first & 15
    const legal =
      second >= 128 === this.#rules.masked &&
      (first & 0x70) === 0 &&
      [0, 1, 2, 8, 9, 10].includes(opcode) &&
      (opcode < 8 || (first >= 128 && (second & 0x7f) <= 125)) &&
      (opcode !== 0 || this.#message !== undefined) &&
      (opcode === 0 || opcode >= 8 || this.#message === undefined)
    if (!legal) throw new Broken(1002)
  }

  #longLength(at: number, size: number): number {
    const length = this.#input.subarray(at, at + size).reduce((sum, octet) => sum * 256n + BigInt(octet), 0n)
    if (length < (size === 2 ? 126n : 65536n) || length >= 2n ** 63n) throw new Broken(1002)
    return Number(length)
  }

  #checkSize(length: number): void {
    const before = this.#message?.octets.length ?? 0
    if (length > this.#rules.maxFrame || before + length > this.#rules.maxMessage) throw new Broken(1009)
  }

  #data(first: number, payload: readonly number[], whole: boolean): void {
    this.#message ??= { text: (first & 15) === 1, octets: [], fragments: 0 }
    const message = this.#message
    if (++message.fragments > this.#rules.maxFragments) throw new Broken(1008)
    message.octets.push(...payload)
    const state = message.text ? utf8State(message.octets) : 'whole'
    const finished = whole && first >= 128
    // §8.1: as soon as it cannot become text any more.
    if (state === 'broken' || (finished && state === 'unfinished')) throw new Broken(1007)
    if (!finished) return
    this.#message = undefined
    this.events.push({
      is: message.text ? 'text' : 'binary',
      payload: toHex(Uint8Array.from(message.octets)),
    })
  }

  /** False after a Close: nothing behind it counts. */
  #control(opcode: number, payload: Uint8Array): boolean {
    if (opcode !== 8) {
      this.events.push({ is: opcode === 9 ? 'ping' : 'pong', payload: toHex(payload) })
      return true
    }
    if (payload.byteLength === 1) throw new Broken(1002)
    const code = payload.byteLength === 0 ? 1005 : ((payload[0] ?? 0) << 8) | (payload[1] ?? 0)
    const registered =
      code >= 1000 &&
      code <= 1014 &&
      code !== 1004 &&
      code !== 1006 &&
      (code !== 1005 || payload.byteLength === 0)
    if (!registered && !(code >= 3000 && code <= 4999)) throw new Broken(1002)
    if (utf8State([...payload.subarray(2)]) !== 'whole') throw new Broken(1007)
    this.events.push({ is: 'close', code, reason: Buffer.from(payload.subarray(2)).toString('utf8') })
    return false
  }
}

/** RFC 3629 §4: the code points of each row lie between these octets, front to back. */
const ROWS: readonly (readonly (readonly [low: number, high: number])[])[] = [
  [[0x00, 0x7f]],
  [
    [0xc2, 0xdf],
    [0x80, 0xbf],
  ],
  [
    [0xe0, 0xe0],
    [0xa0, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xe1, 0xec],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xed, 0xed],
    [0x80, 0x9f],
    [0x80, 0xbf],
  ],
  [
    [0xee, 0xef],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf0, 0xf0],
    [0x90, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf1, 0xf3],
    [0x80, 0xbf],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
  [
    [0xf4, 0xf4],
    [0x80, 0x8f],
    [0x80, 0xbf],
    [0x80, 0xbf],
  ],
]

export function utf8State(octets: readonly number[]): 'whole' | 'unfinished' | 'broken' {
  for (let at = 0; at < octets.length; ) {
    const lead = octets[at] ?? 0
    const row = ROWS.find(([first]) => first !== undefined && lead >= first[0] && lead <= first[1])
    if (row === undefined) return 'broken'
    for (const [i, [low, high]] of row.entries()) {
      const octet = octets[at + i]
      if (octet === undefined) return 'unfinished'
      if (octet < low || octet > high) return 'broken'
    }
    at += row.length
  }
  return 'whole'
}
