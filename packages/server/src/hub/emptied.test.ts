import { describe, expect, it } from 'vitest'
import { FakeClock } from '../testing/index.js'
import { Emptied, LINGER } from './emptied.js'

function world() {
  const clock = new FakeClock()
  const gone: number[] = []
  const emptied = new Emptied<number>(clock, (one) => gone.push(one))
  return { clock, emptied, gone: () => gone.splice(0) }
}

describe('[H1.5] what nobody uses any more', () => {
  it('is let go after a second, each after its own', async () => {
    const { clock, emptied, gone } = world()
    emptied.add(1)
    await clock.advance(LINGER / 2)
    emptied.add(2)
    await clock.advance(LINGER / 2 - 1)
    expect(gone()).toEqual([])
    await clock.advance(1)
    expect(gone()).toEqual([1])
    await clock.advance(LINGER / 2 - 1)
    expect(gone()).toEqual([])
    await clock.advance(1)
    expect([gone(), clock.pending]).toEqual([[2], 0])
    emptied.add(3)
    await clock.advance(LINGER)
    expect(gone()).toEqual([3])
  })

  it('is not when it is used again, and begins anew when it is left again', async () => {
    const { clock, emptied, gone } = world()
    for (const one of [1, 2]) emptied.add(one)
    emptied.delete(1)
    await clock.advance(LINGER / 2)
    emptied.delete(2)
    emptied.add(2)
    await clock.advance(LINGER / 2)
    expect(gone()).toEqual([])
    await clock.advance(LINGER / 2)
    expect([gone(), clock.pending]).toEqual([[2], 0])
  })

  /** Timers that run when the test says so, whatever the clock says. */
  function byHand() {
    const state = { now: 0, timers: [] as { readonly delay: number; readonly run: () => void }[] }
    const clock = {
      now: () => state.now,
      schedule: (delay: number, run: () => void) => {
        const timer = { delay, run }
        state.timers.push(timer)
        return () => void state.timers.splice(state.timers.indexOf(timer), 1)
      },
    }
    const gone: number[] = []
    return { state, gone, emptied: new Emptied<number>(clock, (one) => gone.push(one)) }
  }

  it('goes some in each turn, with one timer for all', () => {
    const { state, gone, emptied } = byHand()
    for (let one = 0; one < 500; one++) emptied.add(one)
    state.now = LINGER
    const turns: (readonly [number | undefined, number])[] = []
    for (let next = state.timers.shift(); next !== undefined; next = state.timers.shift()) {
      expect(state.timers).toEqual([])
      next.run()
      turns.push([next.delay, gone.splice(0).length])
    }
    expect(turns).toEqual([
      [LINGER, 200],
      [0, 200],
      [0, 100],
    ])
  })

  it('goes although the clock was set back, and stays when all is stopped', () => {
    const { state, gone, emptied } = byHand()
    emptied.add(1)
    state.now -= 3_600_000
    state.timers.shift()?.run()
    expect(gone.splice(0)).toEqual([1])
    emptied.add(2)
    emptied.stop()
    expect([gone, state.timers]).toEqual([[], []])
  })
})
