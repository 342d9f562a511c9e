export {
  type Api,
  type CallDefinition,
  type CallOptions,
  type CallTypes,
  type CallTypesOf,
  type ChannelDefinition,
  type ChannelNameOf,
  type ChannelOptions,
  type ChannelTable,
  type ChannelTypes,
  type ChannelTypesOf,
  type CodecChoice,
  call,
  channel,
  channelTable,
  codecName,
  type Durability,
  defineApi,
  type HistoryOptions,
  type KeyFor,
  type KeyOf,
  type OpenApi,
  type PatternFor,
  type PatternTypesOf,
  type ResolvedChannel,
  type Schema,
  type SlowPolicy,
  type WaitOptions,
} from './api.js'
export { fromBase64, toBase64 } from './base64.js'
export { binaryDialect } from './binary-dialect.js'
export {
  type ChannelPattern,
  checkChannelName,
  MAX_CHANNEL_NAME,
  matchPattern,
  type NamesOf,
  type ParamsOf,
  parsePattern,
} from './channel-name.js'
export {
  CODES,
  type CodeInfo,
  type CodeName,
  codeName,
  describeCode,
  type FailureDetails,
  type Fault,
  GAP_REASONS,
  type GapReason,
  MillraceError,
  type Retry,
} from './codes.js'
export { callTimeoutOf, historyOf, type Keeping, slowPolicyOf, waitOf } from './definition.js'
export {
  BadCommand,
  type ClientDialect,
  CommandReader,
  type Decoded,
  type Dialect,
  type Utf8,
} from './dialect.js'
export { type Duration, milliseconds, parseDuration } from './duration.js'
export { type Base64, jsonClient } from './json-client.js'
export { jsonDialect } from './json-dialect.js'
export {
  type Command,
  type CommandBodies,
  type CommandKind,
  type CommandOf,
  DEFAULT_PATH,
  type ErrorBody,
  type Gap,
  type Member,
  type Message,
  type MessageBodies,
  type MessageKind,
  type MessageOf,
  PROTOCOL_VERSION,
  type Publication,
  type Publisher,
  type Skipped,
  type Target,
} from './messages.js'
export {
  type BytesPayload,
  CODECS,
  type CodecName,
  decodeBytes,
  decodePayload,
  encodePayload,
  type JsonPayload,
  type JsonTextPayload,
  json,
  jsonText,
  type Payload,
  type PayloadCodec,
  type PayloadCodecs,
  type StoredPayload,
  toStored,
} from './payload.js'
export { chain, type Position, predecessor } from './position.js'
export {
  type ConnectionEvents,
  type RequestBody,
  type RequestHeader,
  readRequest,
  writeEvent,
  writeFrame,
  writeRequest,
} from './requests.js'
export { sharedList } from './shared-list.js'
