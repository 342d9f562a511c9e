import type { Frame, Platform, Transport, TransportName } from '../core/index.js'
import { Chooser } from './chooser.js'
import { Pace } from './pace.js'
import type { RequestPorts } from './ports.js'
import { RequestLink } from './request-link.js'

export interface WaysParts {
  readonly requests: RequestPorts
  readonly platform: Pick<Platform, 'watch'>
  /** Where there is one that may be used. */
  readonly webSocket: Transport | undefined
  /** Whether it has worked on this page: then it is tried once more, for the network that brought this code may have been away. Else it has just failed. */
  readonly hasWorked: boolean
  /** What may be used; absent for everything. */
  readonly names: readonly TransportName[] | undefined
  /** A ping, as the subprotocol has it that the server chose. */
  ping(chosen: string): Frame
  /** What worked on one page is tried first on the next. */
  readonly memory: { read(): string | null | undefined; write(name: TransportName): void }
}

const ALL: readonly TransportName[] = ['websocket', 'stream', 'poll']

/** All ways to the server, and the choice between them. */
export function waysOf({ names = ALL, memory, ...parts }: WaysParts): Transport {
  const { requests, platform, webSocket, hasWorked, ping } = parts
  const { clock } = requests
  const pace = new Pace(clock)
  const by = (kind: 'poll' | 'stream'): Transport | undefined =>
    names.includes(kind)
      ? { open: (_, events) => new RequestLink(kind, { ports: requests, pace, events }) }
      : undefined
  return new Chooser({
    clock,
    ping,
    transports: { websocket: webSocket, stream: by('stream'), poll: by('poll') },
    remembered: hasWorked ? 'websocket' : names.find((name) => name === memory.read()),
    failed: webSocket && !hasWorked ? 'websocket' : undefined,
    remember: memory.write,
    note: (name) =>
      name === 'poll' && pace.wait === 0 ? 'Slower refresh: the network cuts requests that wait' : undefined,
    watch: (changed) =>
      platform.watch((event) => {
        if (event !== 'online') return
        pace.reset()
        changed()
      }),
  })
}
