import type { Step } from '../model.js'
import { Mismatch } from '../runner/mismatch.js'
import { describeEvent } from '../runner/peer.js'
import { nextEvent } from '../runner/steps.js'
import { latin1 } from '../wire/bytes.js'

/** RFC 6455 §5.5.3: only the most recent ping must be answered; what is answered comes in order. */
export function pongsUpTo(payloads: readonly string[]): Step {
  return {
    run: async (probe) => {
      let at = -1
      while (at < payloads.length - 1) {
        const event = await nextEvent(probe, 'pong')
        const next = event?.is === 'pong' ? payloads.indexOf(latin1(event.payload), at + 1) : -1
        if (next < 0)
          throw new Mismatch(`pongs in the order of ${payloads.length} pings`, describeEvent(event))
        at = next
      }
    },
  }
}
