import type { Delivery } from '../model.js'
import { concat } from '../wire/bytes.js'

// Octets at the front and the back of a long frame that always travel one by one. The front holds every header
// there is (14 octets at most) and the first code points; the back holds the end of the payload.
const FRONT = 48
const BACK = 24
// Prime, so that slices of a long payload fall on every residue of the mask and of a code point.
const SLICE = 1021
const SHORT = 1500

/** Hands bytes over; answers false when there is no use in going on. */
type Write = (bytes: Uint8Array) => boolean

/**
 * Delivers the units of one step. `bytes` writes one octet per turn of the event loop: with TCP_NODELAY each is a
 * segment of its own, and a subject in this process has read it before the next is written.
 */
export async function deliver(units: readonly Uint8Array[], delivery: Delivery, write: Write): Promise<void> {
  if (delivery === 'whole') {
    const all = concat(units)
    if (all.byteLength > 0) write(all)
    return
  }
  for (const unit of units) {
    for (const slice of slices(unit)) {
      if (!write(slice)) return
      await turn()
    }
  }
}

function* slices(unit: Uint8Array): Generator<Uint8Array> {
  const { byteLength } = unit
  for (let at = 0; at < byteLength; ) {
    const single = byteLength <= SHORT || at < FRONT || at >= byteLength - BACK
    const end = single ? at + 1 : Math.min(at + SLICE, byteLength - BACK)
    yield unit.subarray(at, end)
    at = end
  }
}

/** One turn of the event loop, after everything readable was read. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
