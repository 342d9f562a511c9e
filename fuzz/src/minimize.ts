import { concat } from './bytes.js'

const MOST_TRIES = 1_500

/** Makes an input smaller and plainer for as long as it still fails: pieces are cut out, then octets are set to zero. */
export async function minimize(
  input: Uint8Array,
  fails: (candidate: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input
  let tries = 0
  const better = async (candidate: Uint8Array): Promise<boolean> => {
    if (tries++ > MOST_TRIES || !(await fails(candidate))) return false
    best = candidate
    return true
  }
  for (let size = Math.ceil(best.byteLength / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.byteLength; ) {
      const shorter = concat([best.subarray(0, at), best.subarray(at + size)])
      if (!(await better(shorter))) at += size
    }
  }
  for (let at = 0; at < best.byteLength; at++) {
    if (best[at] === 0) continue
    const plainer = best.slice()
    plainer[at] = 0
    await better(plainer)
  }
  return best
}
