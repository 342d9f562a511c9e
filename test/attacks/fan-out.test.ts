/** What many are told because few say it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Scene } from './scene.js'

const SECONDS = 5

describe('fan-out', { timeout: 90_000 }, () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await Scene.begin()
  }, 60_000)
  afterAll(() => scene?.end())

  it('20 clients that publish as fast as they may into a channel that 1,000 read', async () => {
    const options = { clients: 20, readers: 1000, rate: 200, size: 100, seconds: SECONDS }
    const { criers } = await scene.under('20 criers', [['criers', options]], { growth: 300 })
    expect(criers?.ends).toEqual({ stays: 20 })
  })

  it('a client that asks again and again who of 1,000 members is there', async () => {
    const options = { clients: 20, members: 1000, rate: 100, seconds: SECONDS }
    const { askers } = await scene.under('20 askers', [['askers', options]], { growth: 300 })
    expect(askers?.ends).toEqual({ stays: 20 })
  })
})
