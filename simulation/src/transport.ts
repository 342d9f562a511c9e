import type { LinkEvents, Ports, TransportName } from '@millrace/client/core'
import { type FallbackParts, waysOf, withFallback } from '@millrace/client/transports'
import { type Host, type Rng, sizeOf, transportOf } from '@millrace/testing/parts'
import type { Path } from './path.js'

type Transport = Ports['transport']
type Link = ReturnType<Transport['open']>

export interface TransportParts {
  readonly path: Path
  /** The page, and its name, which no other has. */
  readonly host: Host
  readonly page: string
  readonly rng: Rng
  readonly platform: Pick<Ports['platform'], 'watch'>
  readonly ping: FallbackParts['ping']
  /** What worked last, which outlives pages. */
  readonly memory: { name: TransportName | undefined }
  /** Calls back when the page is closed, until what it returns is called. */
  leaving(tell: () => void): () => void
}

/** WebSockets alone. */
export const webSockets = ({ path, host }: Pick<TransportParts, 'path' | 'host'>): Transport =>
  transportOf(path.dialing(host))

/** All transports, and the choice between them: as `createClient` puts them together, on this path. */
export function allTransports(parts: TransportParts): Transport {
  const { path, host, page, rng, platform, ping, memory, leaving } = parts
  const requests = {
    clock: host,
    random: rng.next,
    post: (kind: Parameters<Path['post']>[1]['kind'], body: string) => path.post(host, { kind, body, page }),
    sizeOf,
    leaving,
  }
  const load = (): Promise<{ otherWays(parts: FallbackParts, hasWorked: boolean): Transport }> =>
    new Promise((resolve, reject) =>
      host.schedule(rng.int(1, 300), () => {
        if (path.isCutOff) reject(new Error('The code of other transports could not be fetched'))
        else resolve({ otherWays })
      }),
    )
  const otherWays = ({ webSocket }: FallbackParts, hasWorked: boolean): Transport =>
    waysOf({
      ...{ requests, platform, webSocket, hasWorked, ping },
      names: undefined,
      memory: {
        read: () => memory.name,
        write: (name) => {
          memory.name = name
        },
      },
    })
  return withFallback({ clock: host, ping, webSocket: loose(webSockets({ path, host })) }, load)
}

/** A link's functions without their link, as those of the platform's links are. */
const loose = (transport: Transport): Transport => ({
  open(protocol: string, events: LinkEvents): Link {
    const link = transport.open(protocol, events)
    return {
      get buffered() {
        return link.buffered
      },
      sizeOf: (frame) => link.sizeOf(frame),
      send: (frame) => link.send(frame),
      close: (code, reason) => link.close(code, reason),
    }
  },
})
