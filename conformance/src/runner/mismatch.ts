/** The subject did something else than the case expects. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch'
  readonly expected: string
  readonly got: string

  constructor(expected: string, got: string) {
    super(`expected ${expected}, got ${got}`)
    this.expected = expected
    this.got = got
  }
}

export function require(condition: boolean, expected: string, got: string): void {
  if (!condition) throw new Mismatch(expected, got)
}
