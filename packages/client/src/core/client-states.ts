/** The client's life: every state, every event, and which event leads where. Nothing else decides a transition. */

interface Fields {
  /** Not connected yet since it came into use. After a failed attempt as reconnecting. */
  connecting: Partial<Away>
  connected: object
  /** Connected, but nothing was heard for longer than the heartbeat, or the network is said to be gone; a probe is out. */
  degraded: { readonly reason: string }
  /** Between connections. `retryAt` is absent while an attempt is under way. */
  reconnecting: Away
  /** As reconnecting, while the platform says there is no network: attempts are rare, because platforms lie. */
  offline: Away
  /** At rest. `code` is absent when the client has not been used yet. */
  closed: { readonly reason: string; readonly code?: number | undefined }
}
interface Away {
  readonly reason: string
  readonly attempt: number
  readonly retryAt?: number | undefined
}

export type ClientStateName = keyof Fields

/** Fields of other states, which a state has not: so that `state.retryAt` can be read without narrowing first. */
type Lacks<F> = { readonly [K in Exclude<keyof Away | 'code', keyof F>]?: undefined }

/**
 * Where the client stands. `since` is when this state began and `retryAt` when the next attempt is due, both in
 * milliseconds since 1970; `reason` is for people to read; `code` is from the table of codes.
 */
export type ClientState = {
  [N in ClientStateName]: { readonly name: N; readonly since: number } & Fields[N] & Lacks<Fields[N]>
}[ClientStateName]

const AWAY_FROM = ['connected', 'degraded', 'reconnecting', 'offline'] as const

/** Each event: the state it leads to, and the states in which it may happen. */
const EVENTS = {
  open: { to: 'connecting', from: ['closed'] },
  established: { to: 'connected', from: ['connecting', 'reconnecting', 'offline'] },
  late: { to: 'degraded', from: ['connected', 'degraded'] },
  heard: { to: 'connected', from: ['degraded'] },
  /** An attempt begins or fails, and there was no connection yet. */
  again: { to: 'connecting', from: ['connecting', 'offline'] },
  /** The connection is lost, or an attempt to get it back begins or fails. */
  away: { to: 'reconnecting', from: AWAY_FROM },
  awayOffline: { to: 'offline', from: ['connecting', ...AWAY_FROM] },
  close: { to: 'closed', from: ['connecting', ...AWAY_FROM, 'closed'] },
} as const satisfies {
  readonly [event: string]: { readonly to: ClientStateName; readonly from: readonly ClientStateName[] }
}

/** What happens to a client, with what the state that follows needs to say. */
export type ClientEvent = {
  [E in keyof typeof EVENTS]: { readonly type: E } & Fields[(typeof EVENTS)[E]['to']]
}[keyof typeof EVENTS]

export const initialState = (now: number): ClientState => ({
  name: 'closed',
  since: now,
  reason: 'not used yet',
})

/** The state after an event. Throws when the table has no such transition: that is a defect of the client. */
export function transition(state: ClientState, event: ClientEvent, now: number): ClientState {
  const { type, ...fields } = event
  const from: readonly ClientStateName[] = EVENTS[type].from
  if (!from.includes(state.name)) throw new Error(`No '${type}' while ${state.name}`)
  const name = EVENTS[type].to
  // Each event carries the fields of the state it leads to, which the lookup cannot tell the compiler.
  return { ...fields, name, since: name === state.name ? state.since : now } as ClientState
}

/** The table as a Mermaid state diagram, for docs/client-states.md. */
export function printStates(): string {
  const lines = Object.entries(EVENTS).flatMap(([event, { from, to }]) =>
    from.map((name) => `  ${name} --> ${to}: ${event}`),
  )
  return ['stateDiagram-v2', '  [*] --> closed', ...lines, ''].join('\n')
}
