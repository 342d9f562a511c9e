import type { Member } from '@millrace/protocol'
import type { Clock, Entering, Logger, Random } from '@millrace/server'
import type { Connection } from './connection.js'
import { seal, unseal } from './envelope.js'
import { messageOf } from './failures.js'
import type { Keys } from './keys.js'
import { Leases, type LeaseTimes, texts } from './leases.js'
import { memberOf } from './live-message.js'
import { OwnMembers } from './own-members.js'
import type { Scripts } from './scripts.js'

export interface PresenceParts {
  readonly keys: Keys
  readonly connection: Connection
  readonly scripts: Scripts
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly times: LeaseTimes
}

/** Who is where, in Redis. Members of a node whose lease is lost are not shown, and are removed by any node that looks. [B8] */
export class Presence {
  readonly #parts: PresenceParts
  readonly #leases: Leases
  readonly #own = new OwnMembers()
  #isOver = false

  constructor(parts: PresenceParts) {
    const { keys, connection, random, times } = parts
    this.#parts = parts
    this.#leases = new Leases({ keys, connection, random, life: times.life })
  }

  async start(): Promise<void> {
    await this.#leases.take()
    const { renewEvery, sweepEvery } = this.#parts.times
    this.#every(renewEvery, () => this.#renew())
    this.#every(sweepEvery, () => this.#sweep())
  }

  /** Leaves this node's members where they are: who comes back to another node within the lease's life was never away. */
  close(): void {
    this.#isOver = true
  }

  async enter(channel: string, member: Entering): Promise<void> {
    const before = this.#own.get(channel, member.session)
    try {
      const marked = this.#own.enter(channel, member) ? this.#leases.mark(channel, true) : undefined
      const entered = this.#enter(channel, member)
      await Promise.all([marked, entered])
    } catch (error) {
      // The caller is told that it failed, so in the end it must stand there as before, or not at all.
      const { session, generation = 0 } = member
      if (before === undefined) this.#own.doubt({ channel, session, generation })
      else this.#own.enter(channel, before)
      throw error
    }
  }

  async depart(channel: string, session: string, generation = 0): Promise<void> {
    const known = this.#own.get(channel, session)
    if (known !== undefined && (known.generation ?? 0) > generation) return
    const wasLast = this.#own.depart(channel, session)
    try {
      await Promise.all([
        this.#depart(channel, session, generation),
        wasLast ? this.#leases.mark(channel, false) : undefined,
      ])
    } catch (error) {
      this.#own.doubt({ channel, session, generation })
      throw error
    }
  }

  async members(channel: string): Promise<readonly Member[]> {
    const { connection, keys } = this.#parts
    const values = (await connection.send(['HVALS', keys.members(channel)])) as readonly Buffer[]
    const members = values.map(readMember).filter((one) => one !== undefined)
    const alive = await this.#alive(
      channel,
      members.map(({ lease }) => lease),
    )
    return members
      .filter(({ lease }) => alive.has(lease))
      .sort((a, b) => a.place - b.place)
      .map(({ member }) => member)
  }

  async count(channel: string): Promise<number> {
    const { scripts, keys } = this.#parts
    const answer = texts(await scripts.run('count', [keys.members(channel)], []))
    const leases = answer.filter((_, index) => index % 2 === 0)
    const alive = await this.#alive(channel, leases)
    return leases.reduce(
      (sum, lease, index) => sum + (alive.has(lease) ? Number(answer[index * 2 + 1]) : 0),
      0,
    )
  }

  /** After Redis was away: has it know this node's members again, and forget those that it should not have. */
  async restore(): Promise<void> {
    await this.#leases.renew()
    await this.#reenter()
    for (const { channel, session, generation } of this.#own.takeDoubts())
      if (this.#own.get(channel, session) === undefined) await this.depart(channel, session, generation)
  }

  async #renew(): Promise<void> {
    if ((await this.#leases.renew()) === 'kept') return
    this.#parts.logger.warn('this node was silent for too long: its members enter anew')
    await this.#reenter()
  }

  async #reenter(): Promise<void> {
    await Promise.all(this.#own.list().map(({ channel }) => this.#leases.mark(channel, true)))
    // Listed anew: who departed meanwhile must not enter behind that.
    await Promise.all(
      this.#own
        .list()
        .flatMap(({ channel, members }) => members.map((member) => this.#enter(channel, member))),
    )
  }

  async #sweep(): Promise<void> {
    for (const lease of await this.#leases.lost())
      if (lease !== this.#leases.own) await this.#removeAll(lease)
  }

  async #removeAll(lease: string): Promise<void> {
    const channels = await this.#leases.channelsOf(lease)
    await Promise.all(channels.map((channel) => this.#remove(channel, lease)))
    await this.#leases.forget(lease)
  }

  #remove(channel: string, lease: string): Promise<unknown> {
    const { scripts, keys } = this.#parts
    return scripts.run('sweep', [keys.members(channel)], [keys.topic(channel), lease])
  }

  #enter(channel: string, member: Entering): Promise<unknown> {
    const { scripts, keys } = this.#parts
    const { session, user, since, data, generation = 0 } = member
    const args = [keys.topic(channel), session, this.#leases.own, String(since)]
    return scripts.run(
      'enter',
      [keys.members(channel)],
      [...args, seal({ from: { session, user }, data }), String(generation)],
    )
  }

  #depart(channel: string, session: string, generation: number): Promise<unknown> {
    const { scripts, keys } = this.#parts
    const args = [keys.topic(channel), session, String(generation)]
    return scripts.run('depart', [keys.members(channel)], args)
  }

  /** Which of these leases are alive. Members by the others are removed on the way, in case no sweep knows of them. */
  async #alive(channel: string, leases: readonly string[]): Promise<ReadonlySet<string>> {
    const distinct = [...new Set(leases)]
    const alive = await this.#leases.alive(distinct)
    for (const lease of distinct) if (!alive.has(lease)) this.#remove(channel, lease).catch(() => {})
    return alive
  }

  #every(interval: number, task: () => Promise<void>): void {
    this.#parts.clock.schedule(interval, async () => {
      if (this.#isOver) return
      try {
        if (this.#parts.connection.isUp) await task()
      } catch (error) {
        this.#parts.logger.debug('presence is to be looked after later', { why: messageOf(error) })
      }
      this.#every(interval, task)
    })
  }
}

/** Reads a member of the hash; the field that counts places is none. */
function readMember(
  value: Buffer,
): { readonly place: number; readonly lease: string; readonly member: Member } | undefined {
  const end = value.indexOf(10)
  if (end < 0) return undefined
  const [place, lease = '', since] = value.toString('latin1', 0, end).split(' ')
  const member = memberOf(unseal(value.subarray(end + 1)), Number(since))
  return { place: Number(place), lease, member }
}
