import type { CodeName } from '@millrace/protocol'
import { networkOf } from './network-of.js'
import { type Rate, TokenBucket } from './rates.js'

/** How many may come; undefined for without limit. */
export interface DoorLimits {
  /** Connections of this node. */
  readonly connections?: number | undefined
  /** Connections that have not said who they are yet. */
  readonly unauthenticated?: number | undefined
  /** Connections from one address. */
  readonly connectionsPerAddress?: number | undefined
  /** New connections from one address. */
  readonly handshakes?: Rate | undefined
  /** Requests of readers from one address. */
  readonly reads?: Rate | undefined
  /** Connections of one user, on this node. */
  readonly connectionsPerUser?: number | undefined
}

/** What a connection that is not let in is closed with. Whoever it is may come back later. */
export const REFUSALS = {
  connections: ['too-many-connections', 'This node has as many connections as it may have'],
  unauthenticated: ['too-many-connections', 'Too many have not said who they are yet'],
  connectionsPerAddress: ['too-many-connections', 'Too many connections from this address'],
  connectionsPerUser: ['too-many-connections', 'Too many connections of this user'],
  handshakes: ['rate-exceeded', 'Too many new connections from this address'],
  reads: ['rate-exceeded', 'Too many requests from this address'],
} as const satisfies { readonly [K in keyof DoorLimits]-?: readonly [CodeName, string] }

type Refused = keyof typeof REFUSALS

/** An address from which somebody comes. */
export interface Visitor {
  connections: number
  readonly handshakes: TokenBucket | undefined
  readonly reads: TokenBucket | undefined
}

/** What a flood costs its address: as many new connections. Else who is closed for it would come back at once with a full burst. [H11.4] */
const FLOOD = 50
/** Addresses that have nothing here are forgotten when so many are known. */
const TIDY_FROM = 10_000

/**
 * Counts who comes by which address, of IPv6 by which network. Those that begin on this machine are not counted by address: a proxy is there, or a developer.
 * [H11.2]
 */
export class Doorkeeper {
  readonly #limits: DoorLimits
  readonly #visitors = new Map<string, Visitor>()
  #connections = 0
  #unauthenticated = 0
  #tidyAt = TIDY_FROM

  constructor(limits: DoorLimits) {
    this.#limits = limits
  }

  /** How many addresses are known. */
  get size(): number {
    return this.#visitors.size
  }

  /** Counts a new connection, from an address that may be none to count. */
  enter(address: string, now: number): Visitor | undefined {
    this.#connections++
    this.#unauthenticated++
    const visitor = this.#visitorAt(address, now)
    if (visitor !== undefined) visitor.connections++
    return visitor
  }

  /** Why the connection that has just entered may not stay, or undefined. One that is a request of a reader is no handshake. */
  refuses(
    visitor: Visitor | undefined,
    { now, isRequest = false }: { readonly now: number; readonly isRequest?: boolean | undefined },
  ): Refused | undefined {
    const { connections, unauthenticated, connectionsPerAddress } = this.#limits
    if (isAbove(this.#connections, connections)) return 'connections'
    if (visitor !== undefined) {
      if (isAbove(visitor.connections, connectionsPerAddress)) return 'connectionsPerAddress'
      const rate = isRequest ? 'reads' : 'handshakes'
      if ((visitor[rate]?.take(1, now) ?? 0) > 0) return rate
    }
    // Last, for it is not always the one that comes who has to go.
    return isAbove(this.#unauthenticated, unauthenticated) ? 'unauthenticated' : undefined
  }

  /** Whether a user has as many as may be: all there are. */
  hasTooMany(ofUser: readonly unknown[] = []): boolean {
    const { connectionsPerUser } = this.#limits
    return connectionsPerUser !== undefined && ofUser.length >= connectionsPerUser
  }

  /** One has said who it is. */
  authenticated(): void {
    this.#unauthenticated--
  }

  /** One from there was closed for flooding. */
  flooded(visitor: Visitor | undefined, now: number): void {
    visitor?.handshakes?.drain(FLOOD, now)
  }

  leave(visitor: Visitor | undefined, isAuthenticated: boolean): void {
    this.#connections--
    if (!isAuthenticated) this.#unauthenticated--
    if (visitor !== undefined) visitor.connections--
  }

  #visitorAt(address: string, now: number): Visitor | undefined {
    const { connectionsPerAddress, handshakes, reads } = this.#limits
    if ([connectionsPerAddress, handshakes, reads].every((limit) => limit === undefined)) return undefined
    if (isHere(address)) return undefined
    const network = networkOf(address)
    let visitor = this.#visitors.get(network)
    if (visitor === undefined) {
      const bucket = (rate: Rate | undefined) => rate && new TokenBucket(rate, now)
      visitor = { connections: 0, handshakes: bucket(handshakes), reads: bucket(reads) }
      this.#visitors.set(network, visitor)
      if (this.#visitors.size > this.#tidyAt) this.#tidy(now)
    }
    return visitor
  }

  #tidy(now: number): void {
    for (const [network, { connections, handshakes, reads }] of this.#visitors)
      if (connections === 0 && [handshakes, reads].every((rate) => rate?.isFull(now) !== false))
        this.#visitors.delete(network)
    this.#tidyAt = Math.max(TIDY_FROM, this.#visitors.size * 2)
  }
}

const isAbove = (count: number, limit: number | undefined): boolean => limit !== undefined && count > limit

/** Loopback addresses (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), and those that are not known. */
const isHere = (address: string): boolean =>
  address === '' || address === '::1' || address.startsWith('127.') || address.startsWith('::ffff:127.')
