import type {
  ChannelTable,
  CommandBodies,
  CommandKind,
  Payload,
  ResolvedChannel,
  StoredPayload,
  Target,
} from '@millrace/protocol'
import type { Action } from '../actions.js'
import type { Admission } from '../admission.js'
import type { Broker, Streams } from '../broker-ports.js'
import type { ClientCalls } from '../calls.js'
import type { ChannelGrants } from '../channel-grants.js'
import type { Silence } from '../cluster/silence.js'
import type { Directory } from '../directory.js'
import type { FanOutTurns } from '../fan-out-turns.js'
import type { Leaving } from '../leaving.js'
import type { Lingering } from '../lingering.js'
import type { Asked, Policy } from '../policy.js'
import type { Clock, MaybePromise } from '../ports.js'
import type { Revocations } from '../revocation/revocations.js'
import type { Reply, Session, SessionLimits } from '../session.js'
import type { SubscriptionWatch } from '../telling/subscription-watch.js'
import type { Topics } from '../topics.js'
import type { Validator } from '../validation.js'

/** A call a client made, as the application's handlers get it. */
export interface IncomingCall {
  readonly session: Session
  readonly method: string
  readonly data: Payload
  readonly timeout: number | undefined
  readonly to: Target | undefined
}

/** A call a client made that waits for its user. */
export interface IncomingCommand extends IncomingCall {
  readonly id: string | undefined
  /** Milliseconds. */
  readonly ttl: number
  readonly key: string | undefined
}

/** What commands work with. */
export interface Services {
  readonly broker: Broker
  /** Stores a publication, and tells of it. */
  readonly append: Streams['append']
  /** Tells who subscribes, where somebody wants to know. */
  readonly watch: SubscriptionWatch | undefined
  readonly channels: ChannelTable
  readonly topics: Topics
  readonly directory: Directory
  readonly policy: Policy
  readonly validator: Validator
  readonly calls: ClientCalls
  readonly admission: Admission
  readonly revocations: Pick<Revocations, 'withheldFrom'>
  readonly grants: ChannelGrants
  readonly fanOut: FanOutTurns
  readonly leaving: Leaving
  readonly lingering: Lingering
  readonly silence: Silence
  readonly clock: Clock
  readonly limits: SessionLimits
  /** The application's handlers, and calls passed on to other clients. */
  call(call: IncomingCall): Promise<StoredPayload>
  /** Resolves when the call is stored; the answer comes when it comes, and rejects with a MillraceError. */
  command(call: IncomingCommand): Promise<{ readonly answer: Promise<StoredPayload> }>
}

export type Handler<K extends CommandKind> = (
  services: Services,
  session: Session,
  body: CommandBodies[K],
) => MaybePromise<Reply | undefined>

/** What a channel is. Throws `invalid-channel` or `unknown-channel`. */
export const resolve = ({ topics, channels }: Services, channel: string): ResolvedChannel =>
  topics.resolved(channel) ?? channels.resolve(channel)

/** What the policy is asked of a session's doing. */
export const access = (session: Session, channel: string, action: Action): Asked => ({
  user: session.user,
  capabilities: session.identity?.capabilities,
  grant: session.grants?.get(channel),
  withheld: session.withheld,
  session: session.id,
  channel,
  action,
})

/** Throws `revoked` when it was taken away while something else was waited for: said again at the moment when something comes of it. [H10.5] */
export const stillMay = (session: Session, action: Action, channel: string): void =>
  session.withheld?.check({ action, name: channel, granted: session.grants?.get(channel)?.issued })
