/** The WebSocket engine on its own: server, client, and the platform's WebSocket for Node versions that have none. */
export type { AcceptOptions, Authorize, Refusal, ServerHandler } from './node/accept.js'
export { Connector, type ConnectorOptions, connect } from './node/connect.js'
export { CONNECT_FAILURES, ConnectError, type ConnectFailure } from './node/connect-attempt.js'
export type { DeflateSettings } from './node/deflate.js'
export type { HttpServerLike } from './node/http-server-like.js'
export type { LinkOptions } from './node/link-settings.js'
export { SharedFrame, shareFrame } from './node/shared-frame.js'
export { type BinaryType, type SendData, WebSocket } from './node/web-socket.js'
export { CloseEvent, ConnectFailureEvent, type WebSocketEventMap } from './node/web-socket-events.js'
export type { LinkHandler, WebSocketLink } from './node/websocket-link.js'
export {
  createWebSocketServer,
  WebSocketServer,
  type WebSocketServerOptions,
} from './node/websocket-server.js'
export type { DeflateOptions, FrameLimits, HandshakeRequest, MessageKind } from './websocket/index.js'
export { CLOSE_CODE } from './websocket/index.js'
