/**
 * `@millrace/client/transports`: how a client finds its way to the server, without a platform: for tests in which requests and sockets
 * are not real, and for platforms that have others.
 */
export type { Answer, Posted, RequestKind, RequestPorts, WaysParts } from './fallback/index.js'
export { waysOf } from './fallback/index.js'
export { type FallbackParts, withFallback } from './platform/with-fallback.js'
