/** Questions that are under way: who asks the same meanwhile gets the same answer. */
export class Flights<T> {
  readonly #byKey = new Map<string, Promise<T>>()

  get size(): number {
    return this.#byKey.size
  }

  /** The answer to the question of this name, which is asked unless it is being asked. */
  share(key: string, ask: () => Promise<T>): Promise<T> {
    const flying = this.#byKey.get(key)
    if (flying !== undefined) return flying
    const answer = ask().finally(() => {
      if (this.#byKey.get(key) === answer) this.#byKey.delete(key)
    })
    this.#byKey.set(key, answer)
    return answer
  }

  /** Who asks from now on asks anew. */
  forget(): void {
    this.#byKey.clear()
  }
}
