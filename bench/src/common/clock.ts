/**
 * One clock for all processes of a run: Linux's monotonic one, which counts from the start of the machine and is the same in
 * every process. Milliseconds, to the hundredth: what a timer or a socket adds is more than that.
 */
export function now(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return Math.round(seconds * 100_000 + nanoseconds / 10_000) / 100
}

/** Waits until the clock shows this; not at all when it already does. */
export function until(time: number): Promise<void> {
  const left = time - now()
  return left <= 0 ? Promise.resolve() : pause(left)
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
