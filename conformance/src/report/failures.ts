import type { Delivery, Level } from '../model.js'
import type { Verdict } from '../runner/run-case.js'

/** One case that some subjects failed in the same way, in one delivery or in both. */
export interface Failure {
  readonly id: string
  readonly title: string
  readonly rfc: string
  readonly level: Level
  readonly subjects: readonly string[]
  readonly deliveries: readonly Delivery[]
  readonly expected: string
  readonly got: string
  /** What went over the wire in the first of these runs. */
  readonly transcript: readonly string[]
}

/** Failures in the order of the plan. Those of one case with the same words are told once. */
export function collectFailures(verdicts: readonly Verdict[]): Failure[] {
  const failures = new Map<string, Failure>()
  for (const { subject, testCase, delivery, outcome } of verdicts) {
    if (outcome.is !== 'failed') continue
    const { id, title, rfc, level } = testCase
    const { expected, got, transcript } = outcome
    const key = JSON.stringify([id, expected, got])
    const known = failures.get(key) ?? {
      id,
      title,
      rfc,
      level,
      subjects: [],
      deliveries: [],
      expected,
      got,
      transcript,
    }
    const subjects = [...new Set([...known.subjects, subject.name])]
    failures.set(key, { ...known, subjects, deliveries: [...new Set([...known.deliveries, delivery])] })
  }
  return [...failures.values()]
}

/** With what was sent and received. */
export function renderFailure({
  id,
  title,
  rfc,
  level,
  subjects,
  deliveries,
  expected,
  got,
  transcript,
}: Failure): string {
  const ways = deliveries.map((one) => (one === 'whole' ? 'whole' : 'octet by octet')).join(' and ')
  return [
    `${id}  ${title}`,
    `  ${rfc} (${level}), delivered ${ways}, by ${subjects.join(', ')}`,
    `  expected  ${expected}`,
    `  got       ${got}`,
    ...transcript.map((line) => `    ${line}`),
  ].join('\n')
}
