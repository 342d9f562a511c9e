import { BadCommand, type Command, type Decoded } from '@millrace/protocol'
import { push } from './outgoing.js'
import type { Reply } from './session-host.js'

/** One frame for all sessions. */
export const PING = push('ping', {})
/** When one was sent of which there is none. */
export const NO_PING = -1

/** The answer to a client's ping, which may come before `connect` and is not kept waiting by it. [P7.3] */
export const PONG: Reply<'pong'> = { kind: 'pong', body: {} }

/** Whether it is a pong, of which so many are due. */
export const isDuePong = (command: Decoded<Command>, due: number): boolean =>
  due > 0 && !(command instanceof BadCommand) && command.kind === 'pong'

export const isPing = (command: Decoded<Command>): command is Extract<Command, { kind: 'ping' }> =>
  !(command instanceof BadCommand) && command.kind === 'ping'
