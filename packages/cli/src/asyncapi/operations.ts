import type { CommandKind } from '@millrace/protocol'
import type { Operation, Reference } from './types.js'

/** An operation whose channel is still to be said. */
export type Unplaced = Omit<Operation, 'channel'>

/** What a client hears: of its commands, `command` is the one that brings it. */
export const receive = (summary: string, command: CommandKind, messages: readonly Reference[]): Unplaced => ({
  action: 'receive',
  summary,
  messages,
  'x-millrace-command': command,
})

/** What a client says, by a command. */
export const send = (summary: string, command: CommandKind, message: Reference): Unplaced => ({
  action: 'send',
  summary,
  messages: [message],
  'x-millrace-command': command,
})

/** An operation of this channel. Its members are in the order in which people read them. */
export const placed = (
  channel: Reference,
  { action, summary, description, messages, reply, ...extensions }: Unplaced,
): Operation => ({
  action,
  channel,
  summary,
  ...(description !== undefined && { description }),
  messages,
  ...(reply !== undefined && { reply }),
  ...extensions,
})
