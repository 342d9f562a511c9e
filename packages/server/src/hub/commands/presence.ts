import {
  type Member,
  MillraceError,
  type Payload,
  type ResolvedChannel,
  type StoredPayload,
} from '@millrace/protocol'
import type { Session } from '../session.js'
import type { Subscription } from '../subscription.js'
import { andThen } from '../validation.js'
import { access, type Handler, type Services } from './services.js'

/** Enters presence, or changes the member's data. */
export const enterCommand: Handler<'enter'> = async (services, session, { channel, data }) => {
  const resolved = withPresence(services, channel)
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined) {
    throw new MillraceError('not-subscribed', {
      message: `Only a subscriber can enter '${channel}': subscribe first, or send data with subscribe`,
      field: 'channel',
    })
  }
  await services.policy.check({ ...access(session, channel), action: 'presence' }, resolved)
  await enter(services, session, { subscription, resolved, data })
  return { kind: 'entered', body: {} }
}

/** Makes the session a member with this data. */
export async function enter(
  services: Services,
  session: Session,
  entry: { readonly subscription: Subscription; readonly resolved: ResolvedChannel; readonly data: Payload },
): Promise<void> {
  const { presence: schema } = entry.resolved.definition
  const data = await andThen<{ payload: StoredPayload }, StoredPayload>(
    services.validator.arrived(entry.data, { schema, codec: 'json' }),
    ({ payload }) => payload,
  )
  // While the data was checked the subscription may have ended, and with it the right to be a member.
  const { channel } = entry.subscription
  if (session.subscriptions.get(channel) !== entry.subscription) throw new MillraceError('connection-lost')
  const member: Member = { session: session.id, user: session.user?.id, since: services.clock.now(), data }
  entry.subscription.entered = true
  await services.broker.enter(channel, member)
}

export const leavePresence: Handler<'leave'> = async (services, session, { channel }) => {
  withPresence(services, channel)
  const subscription = session.subscriptions.get(channel)
  if (subscription?.entered) {
    subscription.entered = false
    await services.broker.depart(channel, session.id)
  }
  return { kind: 'left', body: {} }
}

export const readPresence: Handler<'presence'> = async (services, session, { channel, count }) => {
  const resolved = withPresence(services, channel)
  await services.policy.check({ ...access(session, channel), action: 'presence' }, resolved)
  if (count) return { kind: 'presence', body: { channel, count: await services.broker.count(channel) } }
  const members = await services.broker.members(channel)
  return { kind: 'presence', body: { channel, count: members.length, members } }
}

function withPresence(services: Services, channel: string): ResolvedChannel {
  const resolved = services.channels.resolve(channel)
  if (resolved.definition.presence !== undefined) return resolved
  throw new MillraceError('not-available', {
    message: `'${resolved.pattern}' has no presence`,
    field: 'channel',
  })
}
