import type { Delivery } from '../model.js'
import { concat } from '../wire/bytes.js'

// Octets at the front and the back of a long frame that always travel one by one. The front holds every header
// there is (14 octets at most) and the first code points; the back holds the end of the payload.
const FRONT = 32
const BACK = 16
// Frames up to this long travel one by one all through.
const SHORT = 400
// Prime, so that slices of a long payload fall on every residue of the mask and of a code point.
const SLICE = 4093
// A step of hundreds of frames alike proves no more octet by octet than its first ones did: after so many single
// octets the rest goes in slices of seven.
const MOST_SINGLES = 1500
const FEW = 7

export interface Delivering {
  readonly delivery: Delivery
  /** Turns of the event loop between two octets. Default 1. */
  readonly turns?: number
  /** Hands bytes over; answers false when there is no use in going on. */
  write(bytes: Uint8Array): boolean
}

/**
 * Delivers the units of one step. `bytes` writes one octet per turn of the event loop: with TCP_NODELAY each is a
 * segment of its own, and a subject in this process has read it before the next is written.
 */
export async function deliver(units: readonly Uint8Array[], how: Delivering): Promise<void> {
  if (how.delivery === 'whole') {
    const all = concat(units)
    if (all.byteLength > 0) how.write(all)
    return
  }
  let sent = 0
  for (const unit of units) {
    for (const slice of slices(unit, sent > MOST_SINGLES ? FEW : 1)) {
      if (!how.write(slice)) return
      sent++
      for (let i = 0; i < (how.turns ?? 1); i++) await turn()
    }
  }
}

function* slices(unit: Uint8Array, step: number): Generator<Uint8Array> {
  const { byteLength } = unit
  for (let at = 0; at < byteLength; ) {
    const careful = byteLength <= SHORT || at < FRONT || at >= byteLength - BACK
    const end = careful ? at + step : Math.min(at + SLICE, byteLength - BACK)
    yield unit.subarray(at, end)
    at = end
  }
}

/** One turn of the event loop, after everything readable was read. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
