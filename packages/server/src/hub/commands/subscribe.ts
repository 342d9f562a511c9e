import {
  codecName,
  type Member,
  type MessageBodies,
  MillraceError,
  type ResolvedChannel,
} from '@millrace/protocol'
import type { StreamSlice } from '../broker-ports.js'
import { push } from '../outgoing.js'
import { recover } from '../recovery.js'
import type { Reply, Session } from '../session.js'
import type { Wanted } from '../shared-reads.js'
import { NOWHERE, needsAll, values } from '../state-channel.js'
import { streamOptionsOf } from '../stream-options.js'
import { newSubscription, type Subscription } from '../subscription.js'
import { unhurried } from '../unhurried.js'
import { portionFor } from './portion.js'
import { depart, enter } from './presence.js'
import { access, type Handler, type Services, stillMay } from './services.js'
import { weightOf, weightOfMembers } from './weight.js'

type Body = Parameters<Handler<'subscribe'>>[2]

/** A stream that begins anew just now is read so often before the client is asked to come back. */
const READS = 4
const RETRY_AFTER = 200
/** Milliseconds within which a client that unsubscribed may subscribe anew, such as with other options, and is no member that left. */
const AGAIN_WITHIN = 1000

/** A client's subscribe command. */
export const subscribe: Handler<'subscribe'> = async (services, session, body) => {
  const resolved = services.channels.resolve(body.channel)
  const { channel } = body
  checkSubscribable(services, session, channel)
  if (body.token !== undefined) await services.grants.take(session, body)
  try {
    await checkAllowed(services, session, { body, resolved })
    const reply = await join(services, session, { body, resolved })
    services.grants.watch(session, channel, () => {
      const why = new MillraceError('token-expired', { message: `The token for '${channel}' has expired` })
      end(services, session, { channel, why }).catch(() => {})
    })
    return reply
  } catch (error) {
    session.grants?.delete(channel)
    throw error
  }
}

async function checkAllowed(
  services: Services,
  session: Session,
  { body, resolved }: { readonly body: Body; readonly resolved: ResolvedChannel },
): Promise<void> {
  await services.policy.check(access(session, body.channel, 'subscribe'), resolved)
  if (body.history !== undefined) {
    await services.policy.check(access(session, body.channel, 'history'), resolved)
  }
  if (body.presence || body.data !== undefined) await checkPresence(services, session, { body, resolved })
}

/** Ends a session's subscription by the server's own decision, and tells it. [P5.13] */
export async function end(
  services: Services,
  session: Session,
  { channel, why }: { readonly channel: string; readonly why: MillraceError },
): Promise<void> {
  await leave(services, session, channel)
  session.send(push('unsubscribed', { channel, code: why.code, reason: why.message }))
}

/**
 * Joins, reads, replies, and then lets go what was held back meanwhile: the order that loses nothing. [H4.1]
 * Also how the server subscribes a session by itself.
 */
export async function join(
  services: Services,
  session: Session,
  { body, resolved }: { readonly body: Body; readonly resolved: ResolvedChannel },
): Promise<Reply<'subscribed'>> {
  checkSubscribable(services, session, body.channel)
  stillMay(session, 'subscribe', body.channel)
  const subscription = newSubscription(body.channel, session)
  subscription.watchesPresence = body.presence === true
  session.subscriptions.set(body.channel, subscription)
  if (body.data !== undefined) session.wantsIn(body.channel)
  try {
    await services.topics.join(subscription, resolved)
    if (body.data !== undefined) await enter(services, session, { subscription, resolved, data: body.data })
    const members = body.presence ? await services.topics.watch(subscription) : undefined
    const slice = await session.read(() => read(services, { body, resolved, subscription }), {
      weighs: ({ publications }) => weightOf(publications.length) + weightOfMembers(members?.length ?? 0),
    })
    stillWanted(session, subscription, body)
    services.watch?.joined(subscription, session)
    return reply(services, { body, resolved, subscription }, { slice, members })
  } catch (error) {
    giveUp(services, session, subscription)
    throw error
  }
}

/** Undoes a join, whole or half done. [H4.3] */
function undo(services: Services, session: Session, subscription: Subscription): void {
  services.topics.leave(subscription)
  services.watch?.left(subscription)
  const { channel } = subscription
  if (session.subscriptions.get(channel) !== subscription) return
  session.subscriptions.delete(channel)
  session.grants?.delete(channel)
}

/** The join failed, and the client may try again: if it was or has become a member, it stays one for as long as if it had been away. */
function giveUp(services: Services, session: Session, subscription: Subscription): void {
  undo(services, session, subscription)
  if (session.state === 'ended') letGo(services, session)
  else departLater(services, session, { channel: subscription.channel, delay: services.limits.grace })
}

/** The member departs in a while, unless it wants to be one again by then. Of a session that has ended by then `letGo` takes care. */
function departLater(
  services: Services,
  session: Session,
  { channel, delay }: { readonly channel: string; readonly delay: number },
): void {
  const goes = departure(services, session, channel)
  if (goes !== undefined) unhurried(services.clock, delay, goes)
}

/** The member departs at once; where the broker cannot be asked, as soon as it can, as above. */
export const departNow = (services: Services, session: Session, channel: string): void =>
  departure(services, session, channel)?.()

/** Undefined for who is no member. */
function departure(services: Services, session: Session, channel: string): (() => void) | undefined {
  const wanted = session.memberOf?.get(channel)
  if (wanted === undefined && !session.isResumed) return undefined
  const isWantedAnew = (): boolean => session.state === 'ended' || session.memberOf?.get(channel) !== wanted
  const goes = (): void => {
    if (isWantedAnew()) return
    // While the broker could not be asked the client may have come back: what it wanted by then is not what it wanted at first.
    depart(services, session, channel).catch(() => unhurried(services.clock, services.limits.grace, goes))
  }
  return goes
}

/** The session's connection is gone, and its subscriptions with it. Where it is a member it stays for a while if it may come back. [H1.5] */
export function leaveAll(services: Services, session: Session): void {
  services.leaving.add([...session.subscriptions.values()])
  session.subscriptions.clear()
  session.grants = undefined
  letGo(services, session)
}

function letGo({ lingering }: Services, session: Session): void {
  const channels = [...(session.memberOf?.keys() ?? [])]
  session.memberOf = undefined
  if (session.mayReturn) lingering.keep(session.taken, channels)
  else lingering.depart(session.taken, channels)
}

function checkSubscribable({ limits }: Services, session: Session, channel: string): void {
  if (session.subscriptions.has(channel)) {
    throw new MillraceError('already-subscribed', {
      message: `Already subscribed to '${channel}'`,
      field: 'channel',
    })
  }
  if (session.subscriptions.size >= limits.subscriptions) {
    throw new MillraceError('limit-exceeded', {
      message: `A session has at most ${limits.subscriptions} subscriptions`,
    })
  }
}

async function checkPresence(
  services: Services,
  session: Session,
  { body, resolved }: { readonly body: Body; readonly resolved: ResolvedChannel },
): Promise<void> {
  if (resolved.definition.presence === undefined) {
    throw new MillraceError('not-available', {
      message: `'${resolved.pattern}' has no presence`,
      field: 'presence',
    })
  }
  await services.policy.check(access(session, body.channel, 'presence'), resolved)
}

/** Where the stream ends, and nothing of it: what most ask for. One for all channels, who keep it. */
const END: Wanted = { newest: 0 }
const newest = (count: number): Wanted => (count === 0 ? END : { newest: count })

/** Reads what the subscriber asked for, until the node's feed is in the same epoch as what was read. */
async function read(services: Services, { body, resolved, subscription }: Joined): Promise<StreamSlice> {
  const { size, latest } = streamOptionsOf(resolved.definition)
  const { since = latest ? NOWHERE : undefined, history = 0 } = body
  let wanted: Wanted = since === undefined ? newest(Math.min(history, size)) : { since }
  for (let tries = 0; tries < READS; tries++) {
    const feed = services.topics.position(body.channel)
    const slice = await services.topics.read(body.channel, wanted)
    if (latest && needsAll(since, slice)) {
      // Changes do not do: once more, for all of it.
      const isPart = 'since' in wanted && wanted.since.epoch === slice.head.epoch
      wanted = { since: NOWHERE }
      if (isPart) continue
    }
    if (feed?.epoch === slice.head.epoch && slice.head.offset < feed.offset)
      services.topics.doubt(body.channel)
    else if (services.topics.align(subscription, slice.head)) return slice
  }
  throw new MillraceError('unavailable', {
    message: `The stream of '${body.channel}' is beginning anew`,
    retryAfter: RETRY_AFTER,
  })
}

/** The session may have ended while the broker was asked, or the subscription by the server; then nothing must stay behind. */
function stillWanted(session: Session, subscription: Subscription, { presence, data }: Body): void {
  const { channel } = subscription
  if (session.state === 'ended') throw new MillraceError('connection-lost')
  stillMay(session, 'subscribe', channel)
  if (presence || data !== undefined) stillMay(session, 'presence', channel)
  if (session.subscriptions.get(channel) === subscription) return
  throw new MillraceError('disconnected', {
    message: `The server ended the subscription to '${channel}' meanwhile`,
  })
}

interface Joined {
  readonly body: Body
  readonly resolved: ResolvedChannel
  readonly subscription: Subscription
}

interface Result {
  readonly slice: StreamSlice
  readonly members: readonly Member[] | undefined
}

/** The body is made as it is written, as that of `history` is. */
const reply = (services: Services, joined: Joined, result: Result): Reply<'subscribed'> => ({
  kind: 'subscribed',
  get body() {
    const { latest } = streamOptionsOf(joined.resolved.definition)
    return (latest ? stateBody : streamBody)(services, joined, result)
  },
  after: () => services.topics.release(joined.subscription),
})

function streamBody(
  { limits }: Services,
  { body, resolved, subscription }: Joined,
  { slice, members }: Result,
): MessageBodies['subscribed'] {
  const recovery = body.since === undefined ? undefined : recover(body.since, slice)
  const publications = recovery?.publications ?? slice.publications
  // Of what it missed it gets the oldest first, and asks for the rest; of a history that was asked for, the newest.
  const portion = portionFor(subscription.receiver.id, publications, {
    from: recovery === undefined ? 'newest' : 'oldest',
    most: limits.recovery,
  })
  return {
    channel: body.channel,
    position: slice.head,
    codec: codecName(resolved.definition.codec),
    recovered: recovery?.recovered,
    gap: recovery?.gap,
    publications: portion.publications.length > 0 ? portion.publications : undefined,
    more: recovery !== undefined && (portion.more || slice.more) ? true : undefined,
    members,
  }
}

/** Of a state channel: what changed since, or all of it. */
function stateBody(
  { limits }: Services,
  { body, resolved }: Joined,
  { slice, members }: Result,
): MessageBodies['subscribed'] {
  const isWhole = needsAll(body.since, slice)
  // What it published itself is part of the state.
  const { publications, more } = portionFor('', isWhole ? values(slice.publications) : slice.publications, {
    from: 'oldest',
    most: limits.recovery,
  })
  return {
    channel: body.channel,
    position: slice.head,
    codec: codecName(resolved.definition.codec),
    recovered: body.since === undefined ? undefined : true,
    publications: publications.length > 0 ? publications : undefined,
    more: more || slice.more || undefined,
    members,
    ttl: streamOptionsOf(resolved.definition).ttl,
    snapshot: isWhole || undefined,
  }
}

export const unsubscribe: Handler<'unsubscribe'> = async (services, session, { channel }) => {
  await leave(services, session, channel)
  return { kind: 'unsubscribed', body: { channel } }
}

/** Takes a session out of a channel, presence first, so that others see it go. Throws `not-subscribed`. */
export async function leave(services: Services, session: Session, channel: string): Promise<void> {
  const subscription = session.subscriptions.get(channel)
  if (subscription === undefined) throw notSubscribed(channel)
  undo(services, session, subscription)
  departLater(services, session, { channel, delay: AGAIN_WITHIN })
  // A large publication that is half sent comes before the reply: else it could be taken for one of the next subscription. [H9.3]
  const left = session.pacing?.whenLeft(channel)
  if (left !== undefined) await session.whileItReads(left)
}

export const notSubscribed = (channel: string): MillraceError =>
  new MillraceError('not-subscribed', { message: `Not subscribed to '${channel}'`, field: 'channel' })
