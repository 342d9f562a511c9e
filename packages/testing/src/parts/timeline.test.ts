import { describe, expect, it } from 'vitest'
import { Timeline } from './timeline.js'

const note = (timeline: Timeline, ran: string[]) => (what: string) => () =>
  void ran.push(`${what} ${timeline.elapsed}`)

describe('virtual time', () => {
  it('runs tasks in order of time, then of asking, and none that was taken back', async () => {
    const timeline = new Timeline()
    const ran: string[] = []
    const says = note(timeline, ran)
    timeline.schedule(20, says('c'))
    timeline.schedule(10, says('a'))
    timeline.schedule(10, () => {
      says('b')()
      timeline.schedule(0, says('b2'))
      void Promise.resolve().then(says('promise'))
    })
    const cancel = timeline.schedule(15, says('never'))
    cancel()
    timeline.schedule(31, says('later'))
    await timeline.run(30)
    expect(ran).toEqual(['a 10', 'b 10', 'promise 10', 'b2 10', 'c 20'])
    expect(timeline.elapsed).toBe(30)
  })

  it('goes step by step, no further than told', () => {
    const timeline = new Timeline(1000)
    const ran: string[] = []
    timeline.schedule(5, note(timeline, ran)('a'))
    timeline.schedule(9, note(timeline, ran)('b'))
    expect([timeline.next, timeline.isDue]).toEqual([1005, false])
    expect(timeline.step(1004)).toBe(false)
    expect([timeline.step(1005), timeline.now(), timeline.next]).toEqual([true, 1005, 1009])
    timeline.moveTo(1009)
    expect(timeline.isDue).toBe(true)
    expect(timeline.step(1009)).toBe(true)
    expect([timeline.step(2000), timeline.next, timeline.now()]).toEqual([false, undefined, 1009])
    expect(ran).toEqual(['a 5', 'b 9'])
  })

  it('tells who watches what is scheduled, due at once, and over', () => {
    const told: string[] = []
    const watch = {
      due: () => void told.push('due'),
      scheduled: () => {
        told.push('scheduled')
        return () => void told.push('over')
      },
    }
    const timeline = new Timeline(0, watch)
    const cancel = timeline.schedule(7, () => {})
    timeline.schedule(0, () => void told.push('ran'))
    timeline.step(0)
    cancel()
    cancel()
    expect(told).toEqual(['scheduled', 'scheduled', 'due', 'over', 'ran', 'over'])
  })
})
