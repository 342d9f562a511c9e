import type { Outgoing } from '../outgoing.js'
import type { Link } from '../ports.js'
import type { Receiver, Subscription } from '../subscription.js'
import { goesAtPace } from './pacing.js'

/** Whoever a message of any size is for. */
interface Addressee extends Pick<Receiver, 'readsParts' | 'paced'> {
  readonly link: Link
  readonly subscriptions: ReadonlyMap<string, Subscription>
}

/**
 * Sends a message of any size: at once, or in parts and no faster than they are read. What is for the subscription that it brings
 * follows it. [H9.1]
 */
export function sendAtPace(
  outgoing: Outgoing,
  to: Addressee,
  holdBack: (subscription: Subscription) => () => void,
): void {
  const pacing = to.readsParts && goesAtPace(outgoing, to.link) ? to.paced() : undefined
  if (pacing === undefined || (pacing.pace.isFree && !pacing.isLarge(outgoing))) {
    to.link.send(outgoing)
    pacing?.pace.probe()
    return
  }
  const { kind, body } = outgoing.message
  const subscription = kind === 'subscribed' ? to.subscriptions.get(body.channel) : undefined
  pacing.queue(outgoing, subscription === undefined ? () => {} : holdBack(subscription))
}
