/** After so many others a key is due, where there are few: less would send the same key again and again within one burst. */
const FEW = 8
/** Of all keys that wait, so many must have been sent since. Not all, or it would depend on the order in which they come whether one is found. */
const SHARE = 0.75

/** Which keys of a state have had their turn: those that are sent more rarely than they change take turns. */
export class Turns {
  readonly #took = new Map<string, number>()
  #count = 0

  took(key: string): void {
    this.#took.set(key, ++this.#count)
  }

  /** Whether a key was not sent for as long as is fair, where values of so many keys wait. */
  isDue(key: string, waiting: number): boolean {
    const since = this.#count - (this.#took.get(key) ?? Number.NEGATIVE_INFINITY)
    return since >= Math.max(FEW, waiting * SHARE)
  }
}
