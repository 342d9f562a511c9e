/**
 * What was written for a list, by its form: at the list itself, where nobody else sees it. Not in a `WeakMap`: garbage collectors see to its entries one
 * by one while everybody waits, and there may be a hundred thousand lists.
 */
const WIRES = Symbol()

interface Shared {
  readonly [WIRES]?: Map<unknown, unknown>
}

/**
 * Says that a list goes into many messages and does not change any more: each dialect writes it once, and keeps what it
 * wrote for as long as the list lives. Returns the list.
 */
export function sharedList<T>(list: readonly T[]): readonly T[] {
  if (!(WIRES in list)) Object.defineProperty(list, WIRES, { value: new Map() })
  return list
}

/** What is written for a shared list, once for each `form` of it; undefined when the list is not shared. */
export function writtenOnce<Wire>(
  list: readonly unknown[],
  form: unknown,
  write: () => Wire,
): Wire | undefined {
  const known = (list as Shared)[WIRES]
  if (known === undefined) return undefined
  if (!known.has(form)) known.set(form, write())
  return known.get(form) as Wire
}
