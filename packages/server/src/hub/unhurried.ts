import type { Clock } from './ports.js'

/** Milliseconds by which a timer is late when its node stood still. */
const LATE = 500
/** Milliseconds for what came meanwhile to be read. */
const READING = 1000

/**
 * Runs after the delay. A node that stood still meanwhile first reads what has come, which may change what is to be done: its
 * timers are due before its sockets are. The function returned cancels.
 */
export function unhurried(clock: Clock, delay: number, run: () => void): () => void {
  const due = clock.now() + delay
  let cancel = clock.schedule(delay, () => {
    if (clock.now() - due < LATE) run()
    else cancel = clock.schedule(READING, run)
  })
  return () => cancel()
}
