import { describe, expect, it } from 'vitest'
import type { AloneSample } from './alone.js'
import type { HerdSample } from './herd.js'
import { FORMS, type ReconnectReport } from './report.js'

const { allReached, markdownReport, textReport } = FORMS

const counts = { expected: 100, delivered: 100, repeated: 0, disordered: 0, gaps: 0 }
const durations = { p50: 10, p95: 400, p99: 480, max: 600, count: 50 }
const herd: HerdSample = {
  version: 'Millrace 0',
  counts,
  recoveredAfter: 8000,
  liveAfter: 8100,
  back: durations,
  recovery: durations,
  attempts: { total: 200, most: 7, mostAfter: 1 },
  memory: { before: 2 ** 20, peak: 3 * 2 ** 20, after: 2 ** 21 },
  cpu: { server: 1, proxy: 2, clients: 3 },
  others: 0,
}
const alone: AloneSample = { counts, recovery: durations, sinceHealed: durations, others: 0 }

const report = (found: Partial<ReconnectReport>): ReconnectReport => ({
  machine: { cpu: 'C', cores: 2, memory: '1 GiB', kernel: 'K', node: 'N', date: 'D', commit: 'c' },
  versions: ['Millrace 0'],
  others: [0],
  plan: { clients: 50, alone: 5, messages: 100, size: 100, outage: 2000, patience: 60_000 },
  herd,
  alone,
  failures: [],
  ...found,
})

describe('the report of reconnect', () => {
  it('is content when every promise was kept and every target reached', () => {
    expect(allReached(report({}))).toBe(true)
  })

  it.each([
    ['somebody lacks a message', { herd: { ...herd, counts: { ...counts, delivered: 99 } } }],
    ['not all are live', { herd: { ...herd, liveAfter: undefined } }],
    ['it took too long', { herd: { ...herd, liveAfter: 15_001 } }],
    ['somebody connected twice', { herd: { ...herd, attempts: { ...herd.attempts, mostAfter: 2 } } }],
    ['recovery is slow in the herd', { herd: { ...herd, recovery: { ...durations, p95: 501 } } }],
    ['recovery is slow alone', { alone: { ...alone, recovery: { ...durations, p95: 501 } } }],
    ['one of them lost something', { alone: { ...alone, counts: { ...counts, gaps: 1 } } }],
    ['a case failed', { alone: undefined, failures: ['Failed: one by one: it broke'] }],
  ])('is not when %s', (_, found) => {
    expect(allReached(report(found))).toBe(false)
  })

  it('shows both cases, and memory', () => {
    const text = textReport(report({}))
    for (const part of ['all at once', 'one by one', '8.1 s', '3 MB', 'p95 400 ms'])
      expect(text).toContain(part)
    expect(markdownReport(report({}))).toContain(
      '| all at once | 50 | 10 | 400 | 480 | 600 | 0 | 0 | 0 | 0 |',
    )
  })
})
