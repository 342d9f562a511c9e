export type { AcceptOptions, Authorize, Refusal, ServerHandler } from './node/accept.js'
export type { DeflateSettings } from './node/deflate.js'
export type { LinkOptions } from './node/link-settings.js'
export { SharedFrame, shareFrame } from './node/shared-frame.js'
export type { LinkHandler, WebSocketLink } from './node/websocket-link.js'
export {
  createWebSocketServer,
  type HttpServerLike,
  WebSocketServer,
  type WebSocketServerOptions,
} from './node/websocket-server.js'
export type { DeflateOptions, HandshakeRequest, MessageKind } from './websocket/index.js'
export { CLOSE_CODE } from './websocket/index.js'
