/** One outage of one client, as the proxy saw it. Moments are milliseconds of clock.ts. */
export interface Outage {
  /** When its connections were cut. */
  readonly from: number
  /** From when on connections were let through again. */
  readonly to: number
  /** When the first connection after that was accepted; null when there was none before the next outage. */
  readonly back: number | null
  /** Connections that were reset within the outage. */
  readonly refused: number
  /** Connections that were let through after it. */
  readonly accepted: number
}
