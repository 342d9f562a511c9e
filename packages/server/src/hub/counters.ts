/** What has happened since the start of this node. */
export interface Counters {
  /** Times a subscriber fell behind in a channel that leaves something out for slow readers, or got something large in parts. */
  behind: number
  /** Publications that were left out because newer ones of their keys took their places. */
  skipped: number
  /** Publications that were left out and told as gaps. */
  dropped: number
  /** Connections that were closed because too much waited for them. */
  disconnected: number
}

export const newCounters = (): Counters => ({ behind: 0, skipped: 0, dropped: 0, disconnected: 0 })
