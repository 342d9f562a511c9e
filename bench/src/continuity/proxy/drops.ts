/** When whose connections are dropped. */

/** Durations are milliseconds. */
export interface DropPlan {
  readonly clients: number
  /** Each client is cut so often. */
  readonly every: number
  readonly outage: number
  /** No outage begins after so long. */
  readonly duration: number
}

export interface Drop {
  readonly client: number
  /** Milliseconds from the start. */
  readonly at: number
}

/** Every drop, by time. Clients take their turns at even distances, so that no two are cut at the same moment. */
export function dropsOf({ clients, every, duration }: DropPlan): Drop[] {
  const drops: Drop[] = []
  const apart = every / clients
  for (let turn = 0; ; turn++) {
    const at = apart * (turn + 0.5)
    if (at >= duration) return drops
    drops.push({ client: turn % clients, at })
  }
}
