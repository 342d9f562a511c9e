/** What a server has of the world beside its options. It holds no code. */
import type { Clock, Hub, Random } from './hub/index.js'
import type { MillraceServer } from './millrace.js'
import type { ResolvedOptions } from './options.js'
import type { WebhookPorts } from './webhooks/index.js'

/** Ports of a server's own, instead of the platform's. */
export interface ServerPorts {
  readonly clock: Clock
  readonly random: Random
  /** Makes what the server's clients come by. */
  readonly endpoint: (inside: ServerInside) => ServerEndpoint
  /** How backends are told what happens. Without it they are not, whatever the options say. */
  readonly webhooks?: Pick<WebhookPorts, 'deliver' | 'jitter'> | undefined
}

/** The inside of a server, for what brings its clients. */
export interface ServerInside {
  /** Takes connections: see `Hub.accept`. `Hub.start` connects it to the broker, as the first use of the server does. */
  readonly hub: Hub
  readonly options: ResolvedOptions
}

/** What a server's clients come by. */
export interface ServerEndpoint {
  /** Serves clients that come to this HTTP server: what `attach` and `listen` do. */
  attach(server: Parameters<MillraceServer['attach']>[0]): void
  /** Takes no more clients, and resolves when those that are still connected are not. The hub has closed their sessions. */
  close(): Promise<void>
}
