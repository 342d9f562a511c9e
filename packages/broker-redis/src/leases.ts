/**
 * A node's lease: a key in Redis that lives as long as the node renews it. Members belong to a lease, so that those of a
 * node that died can be told from the others. A lease that was lost never comes back: its members are removed by
 * whoever finds them, and the node takes another one.
 */
import type { Random } from '@millrace/server'
import type { Connection } from './connection.js'
import type { Keys } from './keys.js'

export interface LeaseTimes {
  /** Milliseconds a lease lives. */
  readonly life: number
  /** Milliseconds between renewals. */
  readonly renewEvery: number
  /** Milliseconds between looks for lost leases. */
  readonly sweepEvery: number
}

/** So a node's members are gone within 15 s of its death: 12 s at most for the lease, 2.5 s until somebody looks. */
export const LEASE_TIMES: LeaseTimes = { life: 12_000, renewEvery: 4_000, sweepEvery: 2_500 }

export interface LeasesParts {
  readonly keys: Keys
  readonly connection: Connection
  readonly random: Random
  readonly life: number
}

export class Leases {
  readonly #parts: LeasesParts
  #own = ''

  constructor(parts: LeasesParts) {
    this.#parts = parts
  }

  /** This node's lease. */
  get own(): string {
    return this.#own
  }

  async take(): Promise<void> {
    const { keys, connection, random, life } = this.#parts
    const lease = random.id()
    await Promise.all([
      connection.send(['HSET', keys.leases, lease, '1']),
      connection.send(['SET', keys.lease(lease), '1', 'PX', String(life)]),
    ])
    this.#own = lease
  }

  /** Keeps the lease for its life from now; when it was lost, takes another and says so. */
  async renew(): Promise<'kept' | 'another'> {
    const { keys, connection, life } = this.#parts
    const renewed = await connection.send(['PEXPIRE', keys.lease(this.#own), String(life)])
    if (Number(renewed) === 1) return 'kept'
    await this.take()
    return 'another'
  }

  /** Says that this node has members in the channel, or no longer has: where a sweep will look. */
  async mark(channel: string, has: boolean): Promise<void> {
    const { keys, connection } = this.#parts
    const key = keys.leaseChannels(this.#own)
    await connection.send(has ? ['HSET', key, channel, '1'] : ['HDEL', key, channel])
  }

  /** The leases that were lost and not swept yet. */
  async lost(): Promise<string[]> {
    const { keys, connection } = this.#parts
    const all = texts(await connection.send(['HKEYS', keys.leases]))
    const alive = await this.alive(all)
    return all.filter((lease) => !alive.has(lease))
  }

  /** Those of these leases that are alive. */
  async alive(leases: readonly string[]): Promise<ReadonlySet<string>> {
    const { keys, connection } = this.#parts
    const answers = await Promise.all(
      leases.map(
        async (lease) => lease === this.#own || (await connection.send(['EXISTS', keys.lease(lease)])),
      ),
    )
    return new Set(leases.filter((_, index) => Number(answers[index]) === 1))
  }

  async channelsOf(lease: string): Promise<string[]> {
    return texts(await this.#parts.connection.send(['HKEYS', this.#parts.keys.leaseChannels(lease)]))
  }

  /** The lease has no members any more. */
  async forget(lease: string): Promise<void> {
    const { keys, connection } = this.#parts
    await Promise.all([
      connection.send(['DEL', keys.leaseChannels(lease), keys.lease(lease)]),
      connection.send(['HDEL', keys.leases, lease]),
    ])
  }
}

export const texts = (reply: unknown): string[] => (reply as readonly Buffer[]).map(String)
