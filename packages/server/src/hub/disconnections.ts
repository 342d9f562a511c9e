import type { CodeName, Target } from '@millrace/protocol'
import type { Cluster } from './cluster/cluster.js'
import { endEverywhere } from './cluster/end-everywhere.js'
import type { Disconnection, Ended } from './cluster/messages.js'
import type { Directory } from './directory.js'

export interface DisconnectionsParts {
  readonly cluster: Cluster
  /** Where sessions are found that are to end. */
  readonly directories: readonly Directory[]
}

/** Ends sessions by the application's decision, on whichever node they are. [H12.4] */
export class Disconnections {
  readonly #parts: DisconnectionsParts

  constructor(parts: DisconnectionsParts) {
    this.#parts = parts
    parts.cluster.answer('disconnect', (asked) => this.#end(asked))
  }

  /**
   * Ends all sessions of a user, or one, those of readers included: here at once, and on the other nodes. Rejects when it cannot be said which other nodes
   * there are.
   */
  async disconnect(
    target: Target,
    {
      code,
      reason = 'The application closed this session',
    }: { readonly code: CodeName; readonly reason?: string | undefined },
  ): Promise<Ended> {
    const asked = { ...target, code, reason }
    return endEverywhere(this.#parts.cluster, 'disconnect', { asked, here: this.#end(asked) })
  }

  #end({ code, reason, user, session }: Disconnection): number {
    const sessions = this.#parts.directories.flatMap((directory) =>
      session === undefined ? directory.ofUser(user ?? '') : (directory.session(session) ?? []),
    )
    for (const one of sessions) one.close(code, reason)
    return sessions.length
  }
}
