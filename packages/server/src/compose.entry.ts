/**
 * `@millrace/server/compose`: a server on ports of your own, such as a clock that is told to go, or connections that are no sockets.
 * `@millrace/testing` stands on it.
 */
export type { ResolvedOptions } from './options.js'
export type { ServerEndpoint, ServerInside, ServerPorts } from './ports.js'
export { composeServer } from './server.js'
export type { Deliver, Delivered, Delivering, Delivery } from './webhooks/index.js'
