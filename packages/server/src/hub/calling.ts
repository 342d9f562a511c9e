import type { Api } from '@millrace/protocol'
import type { Broker } from './broker-ports.js'
import { CallHandlers } from './call-handlers.js'
import { CallRouter } from './call-router.js'
import { ClientCalls } from './calls.js'
import { Cluster } from './cluster/cluster.js'
import { DeviceCommands } from './device-commands.js'
import type { Directory } from './directory.js'
import type { Clock, Logger, Random } from './ports.js'
import type { SessionLimits } from './session.js'
import type { Validator } from './validation.js'
import { keepingOf } from './waiting/keeping.js'
import { Queues } from './waiting/queues.js'

export interface CallingParts {
  readonly api: Api | undefined
  readonly broker: Broker
  readonly node: string
  readonly limits: SessionLimits
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly directory: Directory
  readonly validator: Validator
  failed(what: string, error: unknown): void
}

/** All that calls take: between clients, server and nodes, at once or when somebody is back. */
export interface Calling {
  readonly calls: ClientCalls
  readonly cluster: Cluster
  readonly handlers: CallHandlers
  readonly queues: Queues
  readonly commands: DeviceCommands
}

export function makeCalling(parts: CallingParts): Calling {
  const { api, broker, node, limits, clock, random, logger, directory, validator } = parts
  const calls = new ClientCalls(clock, random)
  const cluster = new Cluster({ node, broker, clock, random, logger })
  const router = new CallRouter({ directory, calls, cluster, clock })
  const handlers = new CallHandlers({ api, validator, router, clock })
  const queues = new Queues({
    ...{ node, directory, calls, clock, logger },
    keeping: keepingOf(api),
    streams: broker,
    patience: limits.heartbeat + limits.patience,
    nodes: () => cluster.nodes(),
  })
  const commands = new DeviceCommands({
    ...{ handlers, queues, validator, random },
    failed: (what, error) => parts.failed(what, error),
  })
  return { calls, cluster, handlers, queues, commands }
}
