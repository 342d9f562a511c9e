export {
  type ClientHandshake,
  type HandshakeResponse,
  handshakeHeaders,
  upgradeHeaders,
  type Verdict,
  verifyConnect,
  verifyUpgrade,
} from './client-handshake.js'
export { CLOSE_CODE, isWireCloseCode } from './close-code.js'
export { Connection, type ConnectionPort, type ConnectionSettings, type Role } from './connection.js'
export {
  type ConnectionEvent,
  type ConnectionState,
  nextState,
  type StateName,
  TRANSITIONS,
} from './connection-state.js'
export {
  CLOSE_HEAD,
  type CloseStatus,
  decodeClose,
  encodeClose,
  encodeFrame,
  type FrameHeader,
  fitCloseReason,
  headerBytes,
  MAX_CLOSE_REASON_BYTES,
  MAX_CONTROL_BYTES,
  PING_HEAD,
  PONG_HEAD,
  writeHeader,
} from './frame.js'
export { type FrameEvents, FrameParser, type FrameRules } from './frame-parser.js'
export {
  type Accepted,
  acceptKey,
  type HandshakeOptions,
  type HandshakeRequest,
  isSameOrigin,
  negotiate,
  type Rejected,
  type Sha1Base64,
  WEBSOCKET_VERSION,
} from './handshake.js'
export {
  type ExtensionElement,
  formatExtension,
  type HandshakeHeaders,
  parseExtensions,
  parseTokens,
} from './handshake-header.js'
export { DEFAULT_FRAME_LIMITS, type FrameLimits } from './limits.js'
export { applyMask, readMaskKey } from './mask.js'
export type { MessageCompression } from './message-compression.js'
export { FIN, type MessageKind, messageHead, OPCODE, RSV1 } from './opcode.js'
export {
  acceptOffer,
  DEFAULT_DEFLATE_OPTIONS,
  type DeflateAcceptance,
  type DeflateAgreement,
  type DeflateOptions,
  makeOffer,
  PERMESSAGE_DEFLATE,
  readAgreement,
} from './permessage-deflate.js'
export { fail, ProtocolFailure } from './protocol-failure.js'
export { isValidUtf8, type Utf8Check } from './utf8.js'
