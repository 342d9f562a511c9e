/** The life of a session on its connection, as a table. Everything else asks this file what may happen. */
import { CODES } from '@millrace/protocol'

export const SESSION_STATES = {
  /** The link is open; no connect command has come. */
  waiting: { connect: 'authenticating', end: 'ended' },
  /** The connect command is being decided; further commands wait. */
  authenticating: { accept: 'open', refuse: 'ended', end: 'ended' },
  /** Commands are carried out. */
  open: { end: 'ended' },
  /** The link is closed or closing; nothing comes in or goes out. */
  ended: {},
} as const

export type SessionStateName = keyof typeof SESSION_STATES
export type SessionEvent = 'connect' | 'accept' | 'refuse' | 'end'

/** The state after an event. Throws on an event that cannot happen in this state: that is a bug, never bad input. */
export function nextState(state: SessionStateName, event: SessionEvent): SessionStateName {
  const row: Partial<Record<SessionEvent, SessionStateName>> = SESSION_STATES[state]
  const next = row[event]
  if (next === undefined) throw new Error(`A session that is ${state} cannot ${event}`)
  return next
}

/** The client said goodbye, or its page is gone (RFC 6455 §7.4.1), or what it did was wrong. */
const GOODBYES: readonly number[] = [1000, 1001, 1008, 1010]
/** From here on close codes ask the client to stay away. [P1.8] */
const STAY_AWAY = 4500

/** Whether a session that has ended with a close code is likely to be taken up again. One that was superseded is back already. */
export const comesBack = (code: number): boolean =>
  code === CODES.superseded.code || (code < STAY_AWAY && !GOODBYES.includes(code))

/** The table as a Mermaid state diagram, for docs/hub.md. */
export function sessionDiagram(): string {
  const lines = Object.entries(SESSION_STATES).flatMap(([from, row]) =>
    Object.entries(row).map(([event, to]) => `  ${from} --> ${to}: ${event}`),
  )
  return ['stateDiagram-v2', '  [*] --> waiting', ...lines, '  ended --> [*]', ''].join('\n')
}
