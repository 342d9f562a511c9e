import { describe, expect, it } from 'vitest'
import type { PeerName } from '../harness/peers.js'
import type { FanOutSample, MemorySample, Sample } from '../harness/samples.js'
import { judge, judgeAll, TARGETS } from './targets.js'

function fanOut(peer: PeerName, round: number, count: number): FanOutSample {
  const cpu = { user: 1, system: 1 }
  const figures = {
    seconds: 1,
    count,
    server: cpu,
    generator: cpu,
    others: 0,
    latency: { p50: 1, p99: 2, samples: 9 },
  }
  return { scenario: 'fan-out', peer, round, subscribers: 1000, size: 100, outstanding: 16, figures }
}

function memory(connections: number, each: number): MemorySample {
  return {
    scenario: 'memory',
    peer: 'engine',
    round: 1,
    connections,
    before: 1e6,
    after: 1e6 + connections * each * 1024,
  }
}

const verdictOn = (word: string, samples: readonly Sample[]) =>
  judgeAll(samples).find(({ name }) => name.includes(word))

describe('targets', () => {
  it('say so when nothing was measured', () => {
    const verdicts = judgeAll([])
    expect(verdicts).toHaveLength(TARGETS.length)
    expect(new Set(verdicts.map(({ verdict }) => verdict))).toEqual(new Set(['not measured']))
  })

  it('are reached when the median of the rounds’ ratios is', () => {
    const rounds = [1, 2, 3].flatMap((round) => [
      fanOut('millrace', round, round === 1 ? 500 : 1200),
      fanOut('ws', round, 100),
    ])
    expect(verdictOn('rate to ws', rounds)).toMatchObject({
      measured: '12 (5–12) ×',
      verdict: 'reached',
      reached: true,
    })
  })

  it('are missed by a share of the bound', () => {
    const rounds = [fanOut('millrace', 1, 900), fanOut('ws', 1, 100)]
    expect(verdictOn('rate to ws', rounds)).toMatchObject({ verdict: 'missed by 10 %', reached: false })
  })

  it('read memory at the largest number of connections up to 10,000', () => {
    const samples = [memory(1000, 9), memory(10_000, 4), memory(19_000, 8)]
    expect(verdictOn('engine alone', samples)).toMatchObject({ measured: '4 KB', reached: true })
  })

  it('count the bound itself as reached, from both sides', () => {
    const constant = { median: 2, min: 2, max: 2 }
    const target = { name: 'x', unit: '×', measure: () => constant } as const
    expect(judge({ ...target, bound: { atLeast: 2 } }, []).reached).toBe(true)
    expect(judge({ ...target, bound: { atMost: 2 } }, []).reached).toBe(true)
    expect(judge({ ...target, bound: { atMost: 1 } }, []).verdict).toBe('missed by 100 %')
  })
})
