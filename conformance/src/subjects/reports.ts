import type { CloseReport } from '../model.js'

/** Holds what subjects tell about the end of their connections until a case asks, or the other way round. */
export class Reports {
  readonly #entries = new Map<
    string,
    { promise: Promise<CloseReport>; resolve: (report: CloseReport) => void }
  >()

  tell(run: string, report: CloseReport): void {
    this.#entry(run).resolve(report)
  }

  get(run: string): Promise<CloseReport> {
    return this.#entry(run).promise
  }

  #entry(run: string) {
    const known = this.#entries.get(run)
    if (known !== undefined) return known
    const { promise, resolve } = deferred<CloseReport>()
    const entry = { promise, resolve }
    this.#entries.set(run, entry)
    return entry
  }
}

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The name of the run in a request target, as `path()` of the subjects wrote it. */
export function runOf(target: string | undefined): string {
  return new URL(target ?? '/', 'http://localhost').searchParams.get('run') ?? ''
}
