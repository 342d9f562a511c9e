import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'
import type { Server as HttpsServer } from 'node:https'

/** A server of node:http, node:https or node:http2. */
export type HttpServerLike = Server | HttpsServer | Http2Server | Http2SecureServer
