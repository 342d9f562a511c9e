import { MillraceError, type Payload, type ResolvedChannel, type StoredPayload } from '@millrace/protocol'
import type { Session } from '../session.js'
import type { Subscription } from '../subscription.js'
import { andThen } from '../validation.js'
import { access, type Handler, type Services, stillMay } from './services.js'
import { weightOfMembers } from './weight.js'

/** Milliseconds within which a question about presence is answered, one way or the other. [H3.6] */
const ANSWER_WITHIN = 500

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
  await services.policy.check(access(session, channel, 'presence'), resolved)
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
  checkSize(data, services.limits.memberData)
  const { channel } = entry.subscription
  await services.fanOut.take(services.topics.subscribers(channel), data)
  // Meanwhile the subscription may have ended, and with it the right to be a member.
  stillMay(session, 'presence', channel)
  if (session.subscriptions.get(channel) !== entry.subscription) throw new MillraceError('connection-lost')
  const { session: id, generation } = session.taken
  const member = { session: id, user: session.user?.id, since: services.clock.now(), data, generation }
  session.wantsIn(channel)
  await services.broker.enter(channel, member)
}

/** Everybody in the channel is sent it, and all of them together whoever asks who is there. [H3.7] */
function checkSize(data: StoredPayload, most: number | undefined): void {
  const size = 'text' in data ? data.text.length : data.bytes.length
  if (most === undefined || size <= most) return
  throw new MillraceError('message-too-large', {
    message: `The data of a member has ${size} characters; at most ${most} are kept here`,
    field: 'data',
  })
}

/** Ends a membership of a session that is still there. One that came back may be a member by an earlier connection. */
export async function depart(services: Services, session: Session, channel: string): Promise<void> {
  const { session: id, generation } = session.taken
  if (session.memberOf?.has(channel) !== true && !session.isResumed) return
  await services.broker.depart(channel, id, generation)
  session.memberOf?.delete(channel)
}

export const leavePresence: Handler<'leave'> = async (services, session, { channel }) => {
  withPresence(services, channel)
  await depart(services, session, channel)
  return { kind: 'left', body: {} }
}

export const readPresence: Handler<'presence'> = async (services, session, { channel, count }) => {
  const resolved = withPresence(services, channel)
  await services.policy.check(access(session, channel, 'presence'), resolved)
  const { broker } = services
  if (count) {
    const counted = await inTime(services, broker.count(channel))
    return { kind: 'presence', body: { channel, count: counted } }
  }
  const [members, silent] = await session.read(
    () => {
      stillMay(session, 'presence', channel)
      return inTime(services, Promise.all([broker.members(channel), services.silence.names()]))
    },
    { weighs: ([{ length }]) => weightOfMembers(length) },
  )
  return { kind: 'presence', body: { channel, count: members.length, members, silent } }
}

/** The answer, or that there is none within the time in which somebody who asks wants one. */
function inTime<T>({ clock }: Services, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ANSWER_WITHIN, () =>
      reject(
        new MillraceError('unavailable', {
          message: `The broker did not say who is present within ${ANSWER_WITHIN} ms`,
        }),
      ),
    )
    answer.then(resolve, reject).finally(cancel)
  })
}

function withPresence(services: Services, channel: string): ResolvedChannel {
  const resolved = services.channels.resolve(channel)
  if (resolved.definition.presence !== undefined) return resolved
  throw new MillraceError('not-available', {
    message: `'${resolved.pattern}' has no presence`,
    field: 'channel',
  })
}
