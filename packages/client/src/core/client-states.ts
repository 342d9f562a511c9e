/** The client's life: every state, every event and what may follow what. Nothing else decides a transition. */

interface Fields {
  /** The first attempt is under way. */
  connecting: object
  connected: object
  /** Connected, but nothing was heard for longer than the heartbeat; a probe is out. */
  degraded: { readonly reason: string }
  /** Between connections. `retryAt` is absent while an attempt is under way. */
  reconnecting: { readonly reason: string; readonly attempt: number; readonly retryAt?: number | undefined }
  /** As reconnecting, while the platform says there is no network: attempts are rare, because platforms lie. */
  offline: { readonly reason: string; readonly attempt: number; readonly retryAt?: number | undefined }
  /** At rest. `code` is absent when the client has not been used yet. */
  closed: { readonly reason: string; readonly code?: number | undefined }
}

export type ClientStateName = keyof Fields

/** Fields of other states, which a state has not: so that `state.retryAt` can be read without narrowing first. */
type Lacks<F> = { readonly [K in Exclude<'reason' | 'retryAt' | 'attempt' | 'code', keyof F>]?: undefined }

/**
 * Where the client stands. `since` is when this state began and `retryAt` when the next attempt is due, both in
 * milliseconds since 1970; `reason` is for people to read; `code` is from the table of codes.
 */
export type ClientState = {
  [N in ClientStateName]: { readonly name: N; readonly since: number } & Fields[N] & Lacks<Fields[N]>
}[ClientStateName]

/** What happens to a client, with what the state that follows needs to say. */
export type ClientEvent =
  | { readonly type: 'open' }
  | { readonly type: 'established' }
  | ({ readonly type: 'late' } & Fields['degraded'])
  | { readonly type: 'heard' }
  | ({ readonly type: 'lost' } & Fields['reconnecting'])
  | ({ readonly type: 'lostOffline' } & Fields['offline'])
  | ({ readonly type: 'attempt' } & Fields['reconnecting'])
  | ({ readonly type: 'wentOffline' } & Fields['offline'])
  | ({ readonly type: 'wentOnline' } & Fields['reconnecting'])
  | ({ readonly type: 'close' } & Fields['closed'])

type Table = {
  readonly [N in ClientStateName]: { readonly [E in ClientEvent['type']]?: ClientStateName }
}

const TRANSITIONS: Table = {
  closed: { open: 'connecting', close: 'closed' },
  connecting: { established: 'connected', lost: 'reconnecting', lostOffline: 'offline', close: 'closed' },
  connected: { late: 'degraded', lost: 'reconnecting', lostOffline: 'offline', close: 'closed' },
  degraded: { heard: 'connected', lost: 'reconnecting', lostOffline: 'offline', close: 'closed' },
  reconnecting: {
    attempt: 'reconnecting',
    established: 'connected',
    lost: 'reconnecting',
    lostOffline: 'offline',
    wentOffline: 'offline',
    close: 'closed',
  },
  offline: {
    attempt: 'offline',
    established: 'connected',
    lost: 'reconnecting',
    lostOffline: 'offline',
    wentOnline: 'reconnecting',
    close: 'closed',
  },
}

export const initialState = (now: number): ClientState => ({
  name: 'closed',
  since: now,
  reason: 'not used yet',
})

/** The state after an event. Throws when the table has no such transition: that is a defect of the client. */
export function transition(state: ClientState, event: ClientEvent, now: number): ClientState {
  const name = TRANSITIONS[state.name][event.type]
  if (name === undefined) throw new Error(`The client cannot take '${event.type}' while ${state.name}`)
  const { type: _, ...fields } = event
  // Each event carries the fields of the states it leads to, which the table cannot tell the compiler.
  return { ...fields, name, since: name === state.name ? state.since : now } as ClientState
}

/** The table as a Mermaid state diagram, for docs/client-states.md. */
export function printStates(): string {
  const lines = Object.entries(TRANSITIONS).flatMap(([from, events]) =>
    Object.entries(events).map(([event, to]) => `  ${from} --> ${to}: ${event}`),
  )
  return ['stateDiagram-v2', '  [*] --> closed', ...lines, ''].join('\n')
}
