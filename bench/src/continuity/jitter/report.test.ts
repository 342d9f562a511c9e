import { describe, expect, it } from 'vitest'
import { FORMS, type JitterReport } from './report.js'
import type { JitterSample } from './run.js'

const { allReached, markdownReport, textReport } = FORMS

const durations = { p50: 1, p95: 2, p99: 900, max: 1200, count: 7 }
const sample: JitterSample = {
  peer: 'millrace',
  version: 'Millrace 0',
  settings: [],
  counts: { expected: 100, delivered: 100, repeated: 0, disordered: 0, gaps: 0 },
  outages: 5,
  latency: durations,
  beyond: durations,
  others: 0.02,
}
const socketIo: JitterSample = {
  ...sample,
  peer: 'socket.io',
  counts: { expected: 100, delivered: 84, repeated: 0, disordered: 0, gaps: 0 },
}

const report = (samples: readonly JitterSample[], failures: readonly string[] = []): JitterReport => ({
  machine: { cpu: 'C', cores: 2, memory: '1 GiB', kernel: 'K', node: 'N', date: 'D', commit: 'c' },
  versions: ['Millrace 0'],
  others: [0.02],
  plan: {
    peers: ['millrace', 'socket.io'],
    clients: 10,
    messages: 10,
    interval: 1000,
    dropEvery: 15_000,
    outage: 1000,
    settling: 1000,
  },
  samples,
  failures,
})

describe('the report of jitter', () => {
  it('is content when Millrace keeps its promises, whatever others do', () => {
    expect(allReached(report([sample, socketIo]))).toBe(true)
    expect(allReached(report([socketIo]))).toBe(true)
  })

  it.each([
    ['lost', { ...sample, counts: { ...sample.counts, delivered: 99 } }],
    ['repeated', { ...sample, counts: { ...sample.counts, repeated: 1 } }],
    ['was late', { ...sample, beyond: { ...durations, p99: 1001 } }],
    ['was never held up', { ...sample, beyond: undefined }],
  ])('is not when something %s', (_, broken) => {
    expect(allReached(report([broken, socketIo]))).toBe(false)
  })

  it('is not when a run failed, and says which', () => {
    const failed = report([sample], ['Failed: Socket.IO: it broke'])
    expect(allReached(failed)).toBe(false)
    expect(textReport(failed)).toContain('it broke')
    expect(markdownReport(failed)).toContain('it broke')
  })

  it('shows each peer, and no gaps of one that has no word for them', () => {
    const text = markdownReport(report([sample, socketIo]))
    expect(text).toContain('| Millrace | 100 % | 0 | 0 | 0 | 0 | 1 | 900 | 1,200 | 7 |')
    expect(text).toContain('| Socket.IO | 84 % | 16 | 0 | 0 | – |')
  })
})
