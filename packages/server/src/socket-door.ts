/** Who may open a socket to a server that listens by itself. */
import { type Clock, Doorkeeper, type Logger } from './hub/index.js'
import type { SocketDoor } from './node/accepted-sockets.js'
import { isAmong, plainAddress } from './node/client-address.js'
import type { ResolvedOptions } from './options.js'

/** Sockets for each connection that an address may have: one that is made of requests has two at times. */
const SOCKETS = 2
/** How often it is said that some may not, in milliseconds. */
const SAID_EVERY = 60_000

/**
 * Lets each address open twice as many sockets as it may have connections, and as many new ones a second: what each may do before it has said a word is
 * bounded like what it may do after that. Proxies that are trusted bring everybody, and are not counted. [H11.9]
 */
export function socketDoor(
  { limits, handshakes, trustedProxies }: ResolvedOptions,
  clock: Pick<Clock, 'now'>,
  logger: Logger,
): SocketDoor {
  const most = limits.connectionsPerAddress * SOCKETS
  const rate = handshakes && {
    perSecond: handshakes.perSecond * SOCKETS,
    burst: handshakes.burst * SOCKETS,
  }
  const doorkeeper = new Doorkeeper({ connectionsPerAddress: most, handshakes: rate })
  const isTrusted = isAmong(trustedProxies)
  let refused = 0
  let saidAt = Number.NEGATIVE_INFINITY

  const refuse = (address: string, why: string, now: number): void => {
    refused++
    if (now - saidAt < SAID_EVERY) return
    saidAt = now
    logger.warn(
      `Connections of ${address} are ended unheard: ${why}. If it is a proxy, name it in trustedProxies; else see limits.connectionsPerAddress and rates.handshakes`,
      { address, endedSinceLastSaid: refused },
    )
    refused = 0
  }

  return (remote) => {
    const address = plainAddress(remote)
    if (isTrusted(address)) return null
    const now = clock.now()
    const visitor = doorkeeper.enter(address, now)
    if (visitor === undefined) return null
    const leave = (): void => doorkeeper.leave(visitor, true)
    const limit = doorkeeper.refuses(visitor, { now })
    if (limit === undefined) return leave
    leave()
    const why =
      limit === 'handshakes' ? `more than ${rate?.perSecond} a second are new` : `it has ${most} already`
    refuse(address, why, now)
    return undefined
  }
}
