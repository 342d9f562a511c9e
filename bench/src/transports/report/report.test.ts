import { describe, expect, it } from 'vitest'
import type { Transport } from '../contestants.js'
import type { IdleSample } from '../idle.js'
import type { LoadSample, LoadWindow } from '../load.js'
import { FORMS, type TransportReport } from './report.js'

const { allReached, jsonReport, markdownReport, textReport } = FORMS

const counts = { expected: 100, delivered: 100, repeated: 0, disordered: 0, gaps: 0 }
const latency = { p50: 1, p95: 2, p99: 3, max: 900, count: 100 }

/** Windows of two rounds in which a message cost so many microseconds. */
const windows = (...micros: number[]): LoadWindow[] =>
  micros.map((each, index) => ({
    round: index + 1,
    seconds: 10,
    messages: 10_000,
    server: { user: (each * 0.75) / 100, system: (each * 0.25) / 100 },
    clients: 1,
    requests: 10_000,
    others: 0,
  }))

const load = (transport: Transport, found: Partial<LoadSample> = {}): LoadSample => ({
  ...{ peer: 'millrace', transport, audience: 'own', version: 'Millrace 0', settings: [] },
  ...{ counts, latency, lost: {}, unheard: transport === 'websocket' ? 33.3 : undefined },
  windows: transport === 'poll' ? windows(300, 390) : windows(100, 100),
  ...found,
})

const reading = { resident: 2 ** 26, heap: 2 ** 24, external: 2 ** 20 }
const idle = (transport: Transport, found: Partial<IdleSample> = {}): IdleSample => ({
  ...{ peer: 'millrace', transport, version: 'Millrace 0', settings: [], connections: 1024 },
  before: reading,
  after: { resident: 2 ** 26 + 6 * 2 ** 20, heap: 2 ** 24 + 3 * 2 ** 20, external: 2 ** 20 },
  idle: { seconds: 10, server: { user: 0.1, system: 0.05 }, requests: 2000 },
  ...{ lost: {}, unreached: 0, reachedWithin: 120, others: 0 },
  ...found,
})

const report = (more: Partial<TransportReport> = {}): TransportReport => ({
  machine: { cpu: 'C', cores: 2, memory: '1 GiB', kernel: 'K', node: 'N', date: 'D', commit: 'c' },
  versions: ['Millrace 0'],
  others: [0],
  processes: 'pinned',
  plan: {
    contestants: [],
    load: { clients: 1000, rounds: 2, window: 10, warmUp: 5 },
    idle: { connections: 1024, seconds: 10 },
  },
  load: [load('websocket'), load('poll')],
  idle: [idle('websocket'), idle('poll')],
  failures: [],
  ...more,
})

const withPoll = (found: Partial<LoadSample>) => ({ load: [load('websocket'), load('poll', found)] })

describe('the report of transports', () => {
  it('is content when every target is reached', () => {
    expect(allReached(report())).toBe(true)
  })

  it.each([
    ['polling costs too much', withPoll({ windows: windows(300, 501) })],
    ['a message came late', withPoll({ latency: { ...latency, max: 1001 } })],
    ['nothing came', withPoll({ latency: null })],
    ['one is lost', withPoll({ counts: { ...counts, delivered: 99 } })],
    ['one came twice', withPoll({ counts: { ...counts, repeated: 1 } })],
    ['a gap was told', withPoll({ counts: { ...counts, gaps: 1 } })],
    ['a connection was cut off', withPoll({ lost: { why: 1 } })],
    ['an idle one was', { idle: [idle('poll', { lost: { why: 1 } })] }],
    ['an idle one was not reached', { idle: [idle('poll', { unreached: 1 })] }],
    ['something failed', { failures: ['Failed: it broke'] }],
  ])('is not when %s', (_, found) => {
    expect(allReached(report(found))).toBe(false)
  })

  it('judges Millrace alone', () => {
    const other = { peer: 'socket.io', lost: { why: 5 } } as const
    expect(
      allReached(
        report({
          load: [...report().load, load('poll', { ...other, windows: windows(900, 900) })],
          idle: [...report().idle, idle('poll', { ...other, unreached: 5 })],
        }),
      ),
    ).toBe(true)
  })

  it('judges both audiences, and no ratio where one side is missing', () => {
    const targets = (more: Partial<TransportReport>): { name: string; measured: string }[] =>
      JSON.parse(jsonReport(report(more))).targets
    const shared = (transport: Transport, micros: number) =>
      load(transport, { audience: 'shared', windows: windows(micros) })
    const ratios = targets({ load: [...report().load, shared('websocket', 20), shared('poll', 70)] })
      .filter(({ name }) => name.includes('CPU'))
      .map(({ measured }) => measured)
    expect(ratios).toEqual(['3.45 ×', '3.5 ×'])
    expect(targets({ load: [load('poll')] }).some(({ name }) => name.includes('CPU'))).toBe(false)
  })

  it('shows what each costs, and how many times the other', () => {
    const lost = { load: [load('websocket'), load('poll', { lost: { 'it broke': 2 } })] }
    const text = textReport(report(lost))
    for (const part of [
      'Millrace, long polling',
      '345 (300–390)',
      '3.45 ×',
      '6 ',
      '200',
      'Cut off, Millrace, long polling: 2 × it broke.',
      'pinned',
      'nobody hears takes 33.3 µs with Millrace; without that, to its WebSocket: long polling 4.67 ×',
    ])
      expect(text).toContain(part)
    expect(markdownReport(report())).toContain('### Transports: 1,024 idle connections')
    expect(markdownReport(report({ idle: [] }))).not.toContain('idle connections')
  })
})
