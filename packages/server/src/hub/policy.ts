import { MillraceError, type ResolvedChannel } from '@millrace/protocol'
import type { MaybePromise } from './ports.js'
import type { User } from './session.js'
import { andThen } from './validation.js'

/**
 * What a session may want to do with a channel. `subscribe` covers recovering what was missed while away, as far as the
 * channel keeps it; `presence` seeing members and entering; `history` asking for the past.
 */
export const ACTIONS = ['subscribe', 'publish', 'ephemeral', 'presence', 'history'] as const
export type Action = (typeof ACTIONS)[number]

/** What an authorize hook is asked. */
export interface AccessRequest {
  readonly user: User | undefined
  readonly session: string
  readonly channel: string
  readonly params: Readonly<Record<string, string>>
  readonly action: Action
}

/** Says whether the request is allowed. Throwing a MillraceError refuses with that error; any other error is the server's fault. */
export type Authorizer = (request: AccessRequest) => MaybePromise<boolean>

/** Who may do what: per pattern, the application's hook; without one, the defaults of rule [H2.1]. */
export class Policy {
  readonly #authorizers = new Map<string, Authorizer>()

  authorize(pattern: string, authorizer: Authorizer): void {
    this.#authorizers.set(pattern, authorizer)
  }

  /** Whether a hook decides about the channels of a pattern. */
  has(pattern: string): boolean {
    return this.#authorizers.has(pattern)
  }

  /** Throws or rejects with `forbidden` when the request is not allowed. */
  check(request: Omit<AccessRequest, 'params'>, resolved: ResolvedChannel): MaybePromise<void> {
    const authorizer = this.#authorizers.get(resolved.pattern)
    if (authorizer === undefined) {
      if (allowedByDefault(request.action, resolved)) return undefined
      throw new MillraceError('forbidden', {
        message: noHook(request.action, resolved.pattern),
        field: 'channel',
      })
    }
    return andThen(authorizer({ ...request, params: resolved.params }), (allowed) => {
      if (allowed !== true)
        throw new MillraceError('forbidden', { message: refused(request), field: 'channel' })
    })
  }
}

const allowedByDefault = (action: Action, { definition }: ResolvedChannel): boolean =>
  (action !== 'publish' && action !== 'ephemeral') || definition.publish === 'anyone'

const noHook = (action: Action, pattern: string): string =>
  `Clients may not ${action} on '${pattern}': allow it with channel('${pattern}').authorize(…), or for everybody with publish: 'anyone'`

const refused = ({ action, channel }: Omit<AccessRequest, 'params'>): string =>
  `Not allowed: ${action} on '${channel}'`
