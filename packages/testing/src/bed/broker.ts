import type { Api, ChannelNameOf, OpenApi } from '@millrace/protocol'
import type { BrokerNetwork } from '../parts/node-broker.js'

/** What can go wrong with where streams live. */
export interface BrokerFaults<A extends Api = OpenApi> {
  /** Cuts a channel's history down to its newest publications, so many of them; default none. Who needs the others gets a gap. */
  trim(channel: ChannelNameOf<A>, size?: number): void
  /** Loses a channel's stream: it begins anew, empty and in another epoch. Nodes notice within 5 seconds, or with the next publication. */
  wipe(channel: ChannelNameOf<A>): void
  /** Nothing reaches the broker any more: what needs it fails with `unavailable` after 2 seconds. */
  cut(): void
  /** Loses this share of the publications on their way to the nodes, from 0 to 1; default all. Nodes find out within 5 seconds. */
  lose(share?: number): void
  /** The broker can be reached, and nothing is lost on the way. What was trimmed or wiped stays gone. */
  heal(): void
}

export class Faults implements BrokerFaults<Api> {
  readonly #brokers: BrokerNetwork

  constructor(brokers: BrokerNetwork) {
    this.#brokers = brokers
  }

  get pending(): readonly string[] {
    return this.#brokers.isDown ? ['the broker cannot be reached'] : []
  }

  trim(channel: string, size = 0): void {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new TypeError(`trim(channel, size) takes a whole number of publications, not ${String(size)}`)
    this.#brokers.store.trim(channel, size, 'history-trimmed')
  }

  wipe(channel: string): void {
    this.#brokers.store.renew(channel)
  }

  cut(): void {
    this.#brokers.isDown = true
  }

  lose(share = 1): void {
    if (!(share >= 0 && share <= 1))
      throw new TypeError(`lose(share) takes a number from 0 to 1, not ${String(share)}`)
    this.#brokers.loss = share
  }

  heal(): void {
    this.#brokers.loss = 0
    if (this.#brokers.isDown) this.#brokers.restore()
  }
}
