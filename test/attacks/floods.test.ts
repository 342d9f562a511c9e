/** As much as goes, from attackers who do not stop when they are told to. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CROWD, Scene } from './scene.js'

/** As long as peace was looked at: of two thousand answers twenty say what p99 is, of three seconds' only six, others each time. */
const SECONDS = 10
/** Milliseconds that one attack may take, with all around it. */
const TIMEOUT = { timeout: 90_000 }
const heeding = { seconds: SECONDS, wires: 3 }

describe('[H11.1] [H11.4] floods', TIMEOUT, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.begin()
  }, 60_000)
  afterAll(() => scene?.end())

  it('of control frames, of each kind', async () => {
    const one = { ...heeding, wires: 1 }
    const kinds = ['pings', 'emptyPings', 'pongs', 'commandPings', 'closes']
    const outcomes = await scene.under(
      'control frames',
      kinds.map((kind) => [kind, one]),
    )
    for (const kind of kinds)
      expect(Object.keys(outcomes[kind]?.ends ?? {}), kind).toEqual([kind === 'closes' ? '1000' : '4006'])
  })

  it('that go on whatever is answered', async () => {
    const one = { seconds: SECONDS, wires: 1, deaf: true }
    const kinds = ['pings', 'nothings', 'unheeding', 'bytes']
    const outcomes = await scene.under(
      'deaf floods',
      kinds.map((kind) => [kind, one]),
    )
    // Who is through with being ended within the time begins again.
    for (const kind of kinds) expect(Object.keys(outcomes[kind]?.ends ?? {}), kind).toEqual(['4006'])
  })

  it.each([
    ['ten thousand frames of one byte a second', 'tinyFrames', { ...heeding, wires: 1, rate: 10_000 }],
    ['publications though nearly all are refused', 'unheeding', heeding],
    ['frames without commands', 'nothings', heeding],
    // Each takes forty milliseconds at a time until it is closed.
    ['thousands of commands in a frame', 'batches', { ...heeding, wires: 2 }],
    ['thousands of commands before connect', 'earlyBatches', heeding],
  ] as const)('%s', async (what, name, options) => {
    const { [name]: outcome } = await scene.under(what, [[name, options]])
    expect(Object.keys(outcome?.ends ?? {})).toEqual(['4006'])
  })

  it('messages of 64 MB, in one frame and in frames that never end', async () => {
    const options = { megabytes: 64, seconds: SECONDS }
    const { largeMessages } = await scene.under('messages of 64 MB', [['largeMessages', options]])
    // Too large, or too many fragments.
    expect(Object.keys(largeMessages?.ends ?? {})).toEqual(['1008', '1009'])
  })

  it('[P3.12] JSON that is deep, long or strange', async () => {
    const { monsters } = await scene.under('monsters', [['monsters', { seconds: SECONDS, wires: 5 }]])
    expect(monsters?.ends).toEqual({ stays: 5 })
    const replies = monsters?.['replies'] as Record<string, Record<string, number>>
    const deep = Object.entries(replies).filter(([name]) => name.endsWith('within each other'))
    expect(deep).toHaveLength(3)
    for (const [name, codes] of deep) expect(Object.keys(codes), name).toEqual(['100'])
    const others = Object.entries(replies).filter(([name]) => !name.endsWith('within each other'))
    for (const [name, codes] of others) expect(Object.keys(codes), name).toEqual(['"published"'])
  })

  it('publications of 200 clients, as fast as they may', async () => {
    const options = { clients: 200, rate: 200, size: 100, seconds: SECONDS }
    const { publishers } = await scene.under('200 publishers', [['publishers', options]], {
      growth: 300,
      // Forty thousand a second, and all of them allowed.
      slack: CROWD,
    })
    expect(publishers?.ends).toEqual({ stays: 200 })
    expect(Number(publishers?.['published'])).toBeGreaterThan(200 * 200 * SECONDS * 0.8)
  })

  it('and nothing stays behind but what channels keep', () => scene.recovers(128))
})

describe('floods where compression is on', TIMEOUT, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.begin({ compression: { threshold: 1024 } })
  }, 60_000)
  afterAll(() => scene?.end())

  it('[H11.4] bombs that grow to a thousand times their size', async () => {
    const { bombs } = await scene.under('compression bombs', [['bombs', { seconds: SECONDS, wires: 3 }]], {
      growth: 300,
    })
    expect(Number(bombs?.['tooLarge ratio'])).toBeGreaterThan(900)
    const codes = (name: string): string[] => Object.keys(bombs?.[name] ?? {})
    expect(codes('tooLarge')).toEqual(['1009'])
    // Those that come at once are too much, and those that come one by one are refused too often.
    expect(codes('justTooLarge').filter((code) => code !== '1009' && code !== '4006')).toEqual([])
    expect(codes('justTooLarge').length).toBeGreaterThan(0)
    // In a chunk there are hundreds.
    expect(codes('many')).toContain('1009')
    expect(codes('many').filter((code) => code !== '1009' && code !== '4006')).toEqual([])
    await scene.recovers(32)
  })
})
