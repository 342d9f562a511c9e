import { revoked } from '../revocation/withheld.js'
import type { Session } from '../session.js'
import type { Subscription } from '../subscription.js'
import type { Services } from './services.js'
import { departNow, end } from './subscribe.js'

/**
 * Takes from a session what was taken away from whom it belongs to: from now on that is refused, and what could not be begun anew as it is
 * ends, with the reason. [H10.5] [H10.6]
 */
export function withhold(services: Services, session: Session): void {
  const { identity, id, memberOf } = session
  session.withheld = services.revocations.withheldFrom({ identity, session: id })
  if (session.withheld === undefined) return
  const members = new Set(memberOf?.keys())
  for (const subscription of [...session.subscriptions.values()]) {
    const action = lacks(session, subscription)
    if (action === undefined) continue
    const { channel } = subscription
    // Presence first, so that others see it go. One that came back may be a member by an earlier connection.
    departNow(services, session, channel)
    members.delete(channel)
    // It may be gone by itself by then.
    end(services, session, { channel, why: revoked({ action, name: channel }) }).catch(() => {})
  }
  for (const channel of members)
    if (isWithheld(session, 'presence', channel) || isWithheld(session, 'subscribe', channel))
      departNow(services, session, channel)
}

/** For want of what a subscription would not be made again. */
function lacks(
  session: Session,
  { channel, watchesPresence }: Subscription,
): 'subscribe' | 'presence' | undefined {
  if (isWithheld(session, 'subscribe', channel)) return 'subscribe'
  const isPresent = watchesPresence || session.memberOf?.has(channel) === true
  return isPresent && isWithheld(session, 'presence', channel) ? 'presence' : undefined
}

const isWithheld = (session: Session, action: 'subscribe' | 'presence', name: string): boolean =>
  session.withheld?.has({ action, name, granted: session.grants?.get(name)?.issued }) === true
