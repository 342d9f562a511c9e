/**
 * What belongs to an object and lives as long: kept at the object itself, where nobody else sees it. A `WeakMap` says the same, but of the tables that
 * those are, garbage collectors see to every entry while everybody waits, and growing one of a hundred thousand entries takes 15 ms.
 */
export class Beside<Of extends object, What> {
  readonly #key = Symbol()

  get(of: Of): What | undefined {
    return (of as { readonly [key: symbol]: What | undefined })[this.#key]
  }

  set(of: Of, value: What): void {
    Object.defineProperty(of, this.#key, { value, configurable: true })
  }
}
