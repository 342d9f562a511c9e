import { type ReadonlySignal, signal } from '@preact/signals'

/** A clock that ticks only while something on the page reads it. */
function ticking(every: number): ReadonlySignal<number> {
  let timer: ReturnType<typeof setInterval> | undefined
  const clock = signal(Date.now(), {
    watched() {
      this.value = Date.now()
      timer = setInterval(() => {
        this.value = Date.now()
      }, every)
    },
    unwatched() {
      clearInterval(timer)
    },
  })
  return clock
}

/** For waiting times, which are shown in minutes. */
export const eachHalfMinute = ticking(30_000)
