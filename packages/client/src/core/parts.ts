import type { Frame } from './ports.js'

const MORE = '+'
const LAST = '.'

/**
 * A large frame comes in parts, between which others come: each begins with `+`, the last with `.` [P3.11]. Returns the whole with the
 * last of them, or the frame if it is none; before that, a frame that says nothing. `parts` has what came.
 */
export function whole(frame: Frame, parts: Frame[]): Frame {
  const first = typeof frame === 'string' ? frame[0] : String.fromCharCode(frame[0] ?? 0)
  if (first !== MORE && first !== LAST) return frame
  parts.push(frame.slice(1))
  if (first === MORE) return typeof frame === 'string' ? '[]' : new Uint8Array()
  const all = parts.splice(0)
  return typeof frame === 'string' ? all.join('') : joined(all as Uint8Array[])
}

function joined(all: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of all) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
