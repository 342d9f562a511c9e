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
export { MemoryBroker, type MemoryBrokerOptions } from './broker/index.js'
export type { BrokerParts, OpenBroker } from './broker-url.js'
export type {
  Action,
  Appended,
  AuthRequest,
  Broker,
  BrokerListener,
  Clock,
  EphemeralEvent,
  Ephemerals,
  Known,
  Logger,
  MaybePromise,
  NewPublication,
  PresenceChange,
  PresenceStore,
  Random,
  StoredPublication,
  StreamOptions,
  StreamRange,
  StreamSlice,
  Streams,
  User,
} from './hub/index.js'
export type {
  ChannelAccess,
  ChannelRules,
  MillraceServer,
  Peers,
  ServerEvents,
  ServerHistory,
  ServerMember,
  ServerPublication,
  SessionInfo,
} from './millrace.js'
export { consoleLogger, type LogLevel } from './node/platform.js'
export type { AllowedOrigins, LimitOptions, ServerOptions } from './options.js'
export { createServer } from './server.js'
export { VERSION } from './version.js'
