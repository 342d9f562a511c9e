export { ACTIONS, type Action } from './actions.js'
export type { Authenticate, AuthRequest } from './admission.js'
export type { DecodedMember, DecodedPublication } from './application.js'
export { Beside } from './beside.js'
export type * from './broker-ports.js'
export type { CallContext, CallHandler, RelayRule } from './call-handlers.js'
export { type Capabilities, isCovered, isName, wrongWith } from './capabilities.js'
export type { ChannelGrant, ChannelTokenRequest, ReadChannelToken } from './channel-grants.js'
export type { CarriedRequest, Ended, RequestAnswer } from './cluster/messages.js'
export type { Counters } from './counters.js'
export type { CommandRequest, PendingCommand } from './device-commands.js'
export { Doorkeeper } from './doorkeeper.js'
export { Hub } from './hub.js'
export type { HubOptions } from './hub-options.js'
export { Identity, type IdentityOf, type IdentityTerms } from './identity.js'
export { networkOf } from './network-of.js'
export type { Outgoing } from './outgoing.js'
export type { AccessRequest, Authorizer } from './policy.js'
export type {
  Carrier,
  Clock,
  Link,
  LinkHandler,
  LinkInfo,
  Logger,
  MaybePromise,
  Random,
  Sealer,
  Signer,
} from './ports.js'
export type { Rate, RateLimits } from './rates.js'
export { checkRevocable, type Revocable, wrongWithRevocable } from './revocation/revocable.js'
export type { Revoked } from './revocation/revocations.js'
export { isSameMember } from './roster.js'
export type { Session, SessionLimits, User } from './session.js'
export { type IssuedTicket, MOST_TTL } from './single-use-tickets.js'
export type { HubEvents, OccupancyEvents } from './telling/hub-events.js'
