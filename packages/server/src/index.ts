export {
  CODES,
  type CodeName,
  call,
  channel,
  type Durability,
  defineApi,
  type Gap,
  type GapReason,
  MillraceError,
  type PayloadCodec,
  type PayloadCodecs,
  type Position,
  type Publisher,
} from '@millrace/protocol'
export type { ChannelJwtOptions } from './auth/channel-jwt.js'
export type { Claims } from './auth/claims.js'
export type { JwtAuth, JwtClaimOptions, JwtKeys, JwtOptions, TokenUser } from './auth/jwt.js'
export { MemoryBroker, type MemoryBrokerOptions } from './broker/index.js'
export type { BrokerParts, OpenBroker } from './broker-url.js'
export type {
  Action,
  Appended,
  AuthRequest,
  Broker,
  BrokerListener,
  ChannelGrant,
  ChannelTokenRequest,
  Clock,
  Entering,
  EphemeralEvent,
  Ephemerals,
  Known,
  Logger,
  MaybePromise,
  NewPublication,
  PendingCommand,
  PresenceChange,
  PresenceStore,
  Random,
  Rate,
  ReadChannelToken,
  Revocable,
  Revoked,
  SessionStore,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
  Streams,
  User,
} from './hub/index.js'
export { Identity, type IdentityOf, type IdentityTerms } from './hub/index.js'
export { channelJwt, jwt } from './jwt.js'
export type { ListenOptions } from './listen-options.js'
export type {
  ChannelAccess,
  ChannelRules,
  CommandOptions,
  DeviceCommand,
  MillraceServer,
  PeerCallOptions,
  Peers,
  ServerEvents,
  ServerHistory,
  ServerMember,
  ServerPublication,
  SessionInfo,
  SingleUseTicket,
  TicketOptions,
  UserPeers,
} from './millrace.js'
export type { HstsOptions } from './node/hsts.js'
export type { HttpServerLike } from './node/http-server-like.js'
export { consoleLogger, type LogLevel } from './node/platform.js'
export type { TlsOptions, TlsSource } from './node/tls-parts.js'
export type { AllowedOrigins, LimitOptions, RateOptions, ServerOptions } from './options.js'
export { createServer } from './server.js'
export { createTlsServer, type TlsServer, type TlsServerOptions } from './tls-server.js'
export { VERSION } from './version.js'
export type { WebhookOptions } from './webhook-options.js'
export type { WebhookEvent, WebhookEventType, WebhookRequest, WebhookStats } from './webhooks/index.js'
