/** What went wrong in a testbed and nobody took care of. */

/** An error of your code that had nobody to go to. */
export interface Trouble {
  /** Where it came from, such as `the handler of 'device.command'` or `client-1`. */
  readonly where: string
  readonly error: unknown
}

/** What a testbed has to say to the test: errors nobody handled, what did not come to rest, and what was left behind. */
export class TestbedError extends Error {
  override readonly name = 'TestbedError'
}

const said = ({ where, error }: Trouble): string =>
  `${where}: ${error instanceof Error ? error.message : String(error)}`

/** Collects them until they are taken or told. */
export class Troubles {
  #all: Trouble[] = []

  add(trouble: Trouble): void {
    this.#all.push(trouble)
  }

  get isAny(): boolean {
    return this.#all.length > 0
  }

  take(): Trouble[] {
    return this.#all.splice(0)
  }

  /** Throws a TestbedError with all of them, once. */
  tell(): void {
    const all = this.take()
    const [first, ...others] = all
    if (first === undefined) return
    const cause = others.length === 0 ? first.error : new AggregateError(all.map(({ error }) => error))
    const lines = others.length === 0 ? said(first) : ['', ...all.map(said)].join('\n  - ')
    throw new TestbedError(
      `Nobody handled this: ${lines}\nWhere it is meant to happen, take it with takeErrors().`,
      { cause },
    )
  }
}
