/** The names of everything this broker has in Redis. What belongs to one channel shares a hash tag, so that it is in one slot. */
export class Keys {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** The keys of a channel's stream, in the order the scripts expect. */
  stream(channel: string): readonly string[] {
    const base = this.#of(channel)
    return [`${base}:meta`, `${base}:log`, `${base}:ids`, `${base}:values`, `${base}:order`]
  }

  members(channel: string): string {
    return `${this.#of(channel)}:members`
  }

  /** The Pub/Sub topic that carries the channel's live feed. */
  topic(channel: string): string {
    return `${this.#of(channel)}:live`
  }

  /** The channel a topic is for. */
  channelOf(topic: string): string {
    return topic.slice(this.#prefix.length + 1, -'}:live'.length)
  }

  /** The leases there are, or were until lately. */
  get leases(): string {
    return `${this.#prefix}nodes`
  }

  /** Lives as long as the node says so. */
  lease(lease: string): string {
    return `${this.#prefix}node:${lease}`
  }

  /** The channels that have members by this lease. */
  leaseChannels(lease: string): string {
    return `${this.#prefix}node:${lease}:channels`
  }

  /** What the nodes sign tickets with. */
  get secret(): string {
    return `${this.#prefix}secret`
  }

  #of(channel: string): string {
    return `${this.#prefix}{${channel}}`
  }
}
