import { type Responder, Rng, Timeline } from '@millrace/testing/parts'
import { describe, expect, it } from 'vitest'
import { Forwarding } from './forwarding.js'
import { CALM, type Conditions } from './path.js'

/** An answer on its way through a network of these conditions, and what comes of it. */
function forward(conditions: Partial<Conditions> = {}, seed = 1) {
  const timeline = new Timeline()
  const log: string[] = []
  let leave = (): void => {}
  const to: Responder = {
    buffered: 5,
    head: (status, isEvents) => void log.push(`${status}${isEvents ? ' events' : ''}`),
    write: (piece) => void log.push(piece),
    end: () => void log.push('end'),
    fail: () => void log.push('fail'),
    onGone: (tell) => {
      leave = tell
    },
  }
  const path = { ...CALM, ...conditions }
  const forwarding = new Forwarding({ timeline, rng: new Rng(seed), to, path, patience: 1000 })
  let gone = 0
  forwarding.onGone(() => gone++)
  return { timeline, log, forwarding, path, leave: () => leave(), gone: () => gone }
}

describe('an answer on its way through a network', () => {
  it('goes on as it comes where nothing is wrong', () => {
    const { forwarding, log } = forward()
    forwarding.write('a')
    forwarding.write('b')
    expect(log).toEqual(['200 events', 'a', 'b'])
    forwarding.end()
    forwarding.write('c')
    expect(log).toEqual(['200 events', 'a', 'b', 'end'])
    const whole = forward()
    whole.forwarding.whole(410, 'gone')
    expect(whole.log).toEqual(['410', 'gone', 'end'])
  })

  it('is held up until its end, its beginning too, or until it is so no more', () => {
    const { forwarding, log, path } = forward({ buffers: true })
    forwarding.write('a')
    expect([log, forwarding.buffered]).toEqual([[], 6])
    forwarding.end()
    expect(log).toEqual(['200 events', 'a', 'end'])
    const freed = forward({ buffers: true })
    freed.forwarding.write('a')
    freed.path.buffers = false
    freed.forwarding.write('b')
    expect([freed.log, freed.forwarding.buffered]).toEqual([['200 events', 'a', 'b'], 5])
    const whole = forward({ buffers: true })
    whole.forwarding.whole(200, 'all')
    expect(whole.log).toEqual(['200 events', 'all', 'end'])
    expect(path.buffers).toBe(true)
  })

  it('is cut when nothing comes by it for too long: with a word where there is none yet, and the node hears of it', async () => {
    const silent = forward({ idle: 100 })
    await silent.timeline.run(99)
    expect([silent.log, silent.gone()]).toEqual([[], 0])
    await silent.timeline.run(1)
    expect([silent.log, silent.gone()]).toEqual([['504', 'end'], 1])
    const stream = forward({ idle: 100 })
    await stream.timeline.run(90)
    stream.forwarding.write('a')
    await stream.timeline.run(99)
    expect(stream.log).toEqual(['200 events', 'a'])
    await stream.timeline.run(1)
    expect([stream.log, stream.gone()]).toEqual([['200 events', 'a', 'fail'], 1])
  })

  it('is what the balancer says where the node has died: at once, or when it has waited for the machine', async () => {
    const dead = forward()
    dead.forwarding.died(false)
    expect(dead.log).toEqual(['502', 'end'])
    const begun = forward()
    begun.forwarding.write('a')
    begun.forwarding.died(false)
    begun.forwarding.write('b')
    expect(begun.log).toEqual(['200 events', 'a', 'fail'])
    const gone = forward()
    gone.forwarding.died(true)
    await gone.timeline.run(999)
    expect(gone.log).toEqual([])
    await gone.timeline.run(1)
    expect(gone.log).toEqual(['504', 'end'])
  })

  it('may be lost, or lose its end', () => {
    const logs = Array.from({ length: 40 }, (_, seed) => {
      const { forwarding, log, gone } = forward({ unanswered: 1 }, seed)
      forwarding.whole(200, 'all')
      expect(gone()).toBe(1)
      return log.join()
    })
    expect(new Set(logs)).toEqual(new Set(['', 'fail']))
    const cut = Array.from({ length: 40 }, (_, seed) => {
      const { forwarding, log } = forward({ truncated: 1 }, seed)
      forwarding.whole(200, 'all')
      expect(log).toHaveLength(3)
      expect(['', 'a', 'al']).toContain(log[1])
      return log[2]
    })
    expect(new Set(cut)).toEqual(new Set(['end', 'fail']))
  })

  it('goes nowhere when nobody waits for it any more', () => {
    const { forwarding, log, leave, gone } = forward()
    leave()
    expect(gone()).toBe(1)
    forwarding.write('a')
    forwarding.whole(200, 'all')
    let told = 0
    forwarding.onGone(() => told++)
    expect([log, told]).toEqual([[], 1])
  })
})
