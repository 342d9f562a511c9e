/**
 * The little of real time that is needed: to let promises run, and to wait for what a testbed cannot move. Kept from when this
 * module was loaded, so that a test runner's fake timers do not hold it up.
 */
import { performance } from 'node:perf_hooks'
import { clearTimeout, setImmediate, setTimeout } from 'node:timers'

const [immediate, timeout, cancel] = [setImmediate, setTimeout, clearTimeout]
const now = performance.now.bind(performance)

/** Node runs every promise that is ready, and those it makes ready, before the next immediate. */
export const ripple = (): Promise<void> =>
  new Promise((resolve) => {
    immediate(resolve)
  })

/** As `ripple`, without a turn of the event loop, which takes longer than what happens in most of them. Nothing from outside comes meanwhile. */
export const swiftRipple = (): Promise<void> =>
  new Promise((resolve) => {
    process.nextTick(resolve)
  })

/** Milliseconds of real time, from some beginning. */
export const realNow = (): number => now()

export const realPause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    timeout(resolve, milliseconds)
  })

/** Runs something after so much real time, for which the process stays alive; the function returned cancels it. */
export function realTimer(milliseconds: number, run: () => void): () => void {
  const timer = timeout(run, milliseconds)
  return () => cancel(timer)
}
