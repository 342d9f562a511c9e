/** `@millrace/client/commands`: commands that a device carries out once, however often they reach it. */
import type { Api, CallTypesOf } from '@millrace/protocol'
import { Commands as AnyCommands, type CommandsOptions, type ReceivedCommand } from './commands/commands.js'
import type { Client } from './core/types.js'
import { systemClock } from './platform/clock.js'

export type { CommandsOptions, ReceivedCommand } from './commands/commands.js'
export type { CommandEntry, CommandOutcome } from './commands/entry.js'
export { type EntryStore, memoryStore } from './outbox/entry.js'
export { indexedDbStore } from './outbox/indexed-db.js'

/** The commands of a device. */
export interface Commands<A extends Api> {
  /**
   * Carries out the commands of a method, each once: one that comes again is answered as it was, or joins what is being done. The
   * handler is not told when the connection goes; what it gives is answered when the command comes again. One handler per method; the
   * function returned removes it. Set it before the client connects: a client without a handler answers `unknown-method`.
   */
  handle<M extends keyof A['calls'] & string>(
    method: M,
    handler: (
      command: ReceivedCommand<CallTypesOf<A, M>['handled']>,
    ) => CallTypesOf<A, M>['respond'] | Promise<CallTypesOf<A, M>['respond']>,
  ): () => void
  /** Removes the handlers. What the store keeps is known to the next life. */
  close(): void
}

/**
 * Remembers which commands a device has carried out: `createCommands(client, { store })`. Throws a TypeError that names a wrong option.
 */
export const createCommands = <A extends Api>(
  client: Client<A, AbortSignal>,
  options: CommandsOptions = {},
): Commands<A> =>
  new AnyCommands(
    client as unknown as ConstructorParameters<typeof AnyCommands>[0],
    options,
    systemClock.now,
  ) as Commands<A>
