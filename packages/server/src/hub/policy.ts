import { MillraceError, type ResolvedChannel } from '@millrace/protocol'
import type { Action } from './actions.js'
import { allowsAction, type Capabilities } from './capabilities.js'
import { type ChannelGrant, isGranted } from './channel-grants.js'
import type { MaybePromise } from './ports.js'
import type { Withheld } from './revocation/withheld.js'
import type { User } from './session.js'
import { andThen } from './validation.js'

/** What an authorize hook is asked. */
export interface AccessRequest {
  readonly user: User | undefined
  readonly session: string
  readonly channel: string
  readonly params: Readonly<Record<string, string>>
  readonly action: Action
}

/** Says whether the request is allowed. Throwing a MillraceError refuses with that error; any other error is the server's fault. */
export interface Authorizer {
  (request: AccessRequest): MaybePromise<boolean>
  /** Forgets what it knows of a user: something was taken away. [H10.4] */
  forget?(user: string): void
}

/** What is asked of the policy: an access request, by somebody whose token may say itself what it allows. */
export type Asked = Omit<AccessRequest, 'params'> & {
  readonly capabilities: Capabilities | undefined
  readonly grant: ChannelGrant | undefined
  readonly withheld: Withheld | undefined
}

/**
 * Who may do what: nothing that was taken away [H10.5]; what a token of the channel grants [H2.6]; else what the session's token allows, where it says so [H2.5]; and per pattern the application's hook; without either, the defaults of
 * rule [H2.1].
 */
export class Policy {
  readonly #authorizers = new Map<string, Authorizer>()

  authorize(pattern: string, authorizer: Authorizer): void {
    this.#authorizers.set(pattern, authorizer)
  }

  /** Whether a hook decides about the channels of a pattern. */
  has(pattern: string): boolean {
    return this.#authorizers.has(pattern)
  }

  /** Something was taken away from a user: no hook is to go by what it knew before. */
  forget(user: string): void {
    for (const authorizer of this.#authorizers.values()) authorizer.forget?.(user)
  }

  /** Throws or rejects with `forbidden` when the request is not allowed, with `revoked` when it is not any more. */
  check(asked: Asked, resolved: ResolvedChannel): MaybePromise<void> {
    const { user, session, channel, action, capabilities, grant, withheld } = asked
    withheld?.check({ action, name: channel, granted: grant?.issued })
    if (isGranted(grant, action)) return undefined
    if (capabilities !== undefined && !allowsAction(capabilities, channel, action)) {
      throw new MillraceError('forbidden', {
        message: `${refused(asked)}: the token does not allow it`,
        field: 'channel',
      })
    }
    const authorizer = this.#authorizers.get(resolved.pattern)
    if (authorizer === undefined) {
      if (capabilities !== undefined || allowedByDefault(action, resolved)) return undefined
      throw new MillraceError('forbidden', { message: noHook(action, resolved.pattern), field: 'channel' })
    }
    const request = { user, session, channel, action, params: resolved.params }
    return andThen(authorizer(request), (allowed) => {
      if (allowed !== true)
        throw new MillraceError('forbidden', { message: refused(asked), field: 'channel' })
    })
  }
}

const allowedByDefault = (action: Action, { definition }: ResolvedChannel): boolean =>
  (action !== 'publish' && action !== 'ephemeral') || definition.publish === 'anyone'

const noHook = (action: Action, pattern: string): string =>
  `Clients may not ${action} on '${pattern}': allow it with channel('${pattern}').authorize(…), or for everybody with publish: 'anyone'`

const refused = ({ action, channel }: Asked): string => `Not allowed: ${action} on '${channel}'`
