/** What many are told because few say it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CROWD, Scene } from './scene.js'

const SECONDS = 5
const CLIENTS = 20
const READERS = 1000
/**
 * Milliseconds of processor. That a thousand connect, to read, takes a tenth of a second at a time; without portions a publisher's burst takes
 * seven tenths, and lists of members, one after the other, six.
 */
const TURNS = 450

describe('fan-out', { timeout: 90_000 }, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.begin()
  }, 60_000)
  afterAll(() => scene?.end())

  it('[H11.8] 20 clients that publish as fast as they may into a channel that 1,000 read', async () => {
    const options = { clients: CLIENTS, readers: READERS, rate: 200, size: 100, seconds: SECONDS }
    const { criers } = await scene.under('20 criers', [['criers', options]], { turns: TURNS, slack: CROWD })
    expect(criers?.ends).toEqual({ stays: CLIENTS })
    expect(criers?.['audience']).toEqual({ left: 0, stayed: READERS })
    // Who may say less than he would waits; nobody is refused.
    const { done = 0, ...others } = (criers?.['codes'] ?? {}) as Record<string, number>
    expect([others, done > 500]).toEqual([{}, true])
  })

  it('[H9.4] [H11.1] 20 clients that ask again and again who of 1,000 members is there', async () => {
    const options = { clients: CLIENTS, members: READERS, rate: 100, seconds: SECONDS }
    const { askers } = await scene.under('20 askers', [['askers', options]], { turns: TURNS, slack: CROWD })
    expect(askers?.ends).toEqual({ stays: CLIENTS })
    expect(askers?.['audience']).toEqual({ left: 0, stayed: READERS })
    const { done = 0 } = (askers?.['codes'] ?? {}) as Record<string, number>
    expect(done).toBeGreaterThan(200)
    expect(done).toBeLessThan(CLIENTS * 100 * SECONDS)
  })

  it('and nothing stays behind but what channels keep', () => scene.recovers(32))
})
