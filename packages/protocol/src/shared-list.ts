import { Beside } from './beside.js'

const wires = new Beside<readonly unknown[], Map<unknown, unknown>>()

/**
 * Says that a list goes into many messages and does not change any more: each dialect writes it once, and keeps what it
 * wrote for as long as the list lives. Returns the list.
 */
export function sharedList<T>(list: readonly T[]): readonly T[] {
  if (wires.get(list) === undefined) wires.set(list, new Map())
  return list
}

/** What is written for a shared list, once for each `form` of it; undefined when the list is not shared. */
export function writtenOnce<Wire>(
  list: readonly unknown[],
  form: unknown,
  write: () => Wire,
): Wire | undefined {
  const known = wires.get(list)
  if (known === undefined) return undefined
  if (!known.has(form)) known.set(form, write())
  return known.get(form) as Wire
}
