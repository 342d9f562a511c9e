import { describe, expect, it } from 'vitest'
import { type AmplificationReport, costOf, FORMS } from './report.js'
import type { AmplificationSample, Round } from './run.js'

const { allReached, jsonReport, markdownReport, textReport } = FORMS

const round: Round = { sent: 1024, received: 2 ** 20, seconds: 2, cpu: 30, turn: 7 }
const sample: AmplificationSample = {
  ...{ name: 'past', group: 'connection', limit: 'reading the past', does: 'pages', pace: 'at once' },
  rounds: [round, { ...round, received: 2 ** 22, turn: 9 }, { ...round, received: 0, cpu: 50 }],
  memory: { before: 2 ** 26, peak: 2 ** 26 + 3 * 2 ** 20 },
}

const report = (
  found: readonly Partial<AmplificationSample>[],
  failures: string[] = [],
): AmplificationReport => ({
  machine: { cpu: 'C', cores: 2, memory: '1 GiB', kernel: 'K', node: 'N', date: 'D', commit: 'c' },
  versions: ['Millrace 0'],
  others: [],
  plan: { cases: [], rounds: 3, seconds: 4 },
  samples: found.map((one) => ({ ...sample, ...one })),
  failures,
})

describe('the report of amplification', () => {
  it('takes medians of rounds, and the most of turns and memory', () => {
    expect(costOf(sample)).toEqual({
      ...{ sent: 1024, received: 2 ** 20, amplification: 1024, cpu: 30, turn: 9, memory: 3 * 2 ** 20 },
      ...{ perMegabyte: 30 * 1024, perSecond: 15 },
    })
  })

  it('says what came back for what was sent, and what it took', () => {
    const text = textReport(report([{}, { pace: 'on and on', group: 'crowd' }]))
    for (const part of [
      '1 KB',
      '1 MB',
      '1,020 ×',
      '30 ms',
      '15 ms/s',
      '30,700',
      '3 MB',
      'One that many hear',
    ])
      expect(text).toContain(part)
    expect(text).not.toContain('HTTP')
    expect(markdownReport(report([{}]))).toContain('### What it costs: One connection')
    expect(JSON.parse(jsonReport(report([{}]))).samples).toHaveLength(1)
  })

  it('names the three that are worst', () => {
    const of = (limit: string, received: number) => ({ limit, rounds: [{ ...round, received }] })
    const text = textReport(report([of('little', 1), of('most', 9000), of('more', 5000), of('much', 2000)]))
    expect(text).toMatch(
      /Most bytes for each byte sent: 8.79 × \(most: .*4.88 × \(more: .*1.95 × \(much: [^;]*\)\.\n/,
    )
  })

  it('is content when every attack went as it should', () => {
    expect(allReached(report([{}]))).toBe(true)
    expect(allReached(report([{}], ['Failed: past: it broke']))).toBe(false)
  })
})
