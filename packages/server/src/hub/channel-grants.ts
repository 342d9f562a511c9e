import { type CommandBodies, MillraceError } from '@millrace/protocol'
import type { Action } from './actions.js'
import type { Clock, MaybePromise } from './ports.js'
import type { Session, User } from './session.js'
import type { Wheel, WheelEntry } from './wheel.js'

/** What a token of a channel allows there. */
export interface ChannelGrant {
  /** What may be done; `*` for everything. */
  readonly actions: readonly (Action | '*')[]
  /** Until when, in milliseconds since 1970: then the subscription ends, and the client asks for the next token. Default: for as long as it is subscribed. */
  readonly expires?: number | undefined
  /**
   * When it was issued, in milliseconds since 1970. What was taken away from its user before is granted by it again; where it is not known, what was
   * taken away stays so.
   */
  readonly issued?: number | undefined
}

/** What is asked about a token of a channel. */
export interface ChannelTokenRequest<U extends User | undefined = User | undefined> {
  readonly token: string
  readonly channel: string
  readonly user: U
  readonly session: string
}

/** Says what a token allows on the channel; null for nothing. */
export type ReadChannelToken = (request: ChannelTokenRequest) => MaybePromise<ChannelGrant | null>

export interface ChannelGrantsParts {
  /** Undefined: no such tokens are taken. */
  readonly read: ReadChannelToken | undefined
  readonly clock: Pick<Clock, 'now'>
  readonly wheel: Wheel
}

/** What sessions may do on channels because they brought a token for them. [H2.6] */
export class ChannelGrants {
  readonly #parts: ChannelGrantsParts

  constructor(parts: ChannelGrantsParts) {
    this.#parts = parts
  }

  /** From now on the session may what its token allows. Rejects with `forbidden`, or with what the application threw. */
  async take(session: Session, { channel, token = '' }: CommandBodies['subscribe']): Promise<void> {
    const { read, clock } = this.#parts
    if (read === undefined)
      throw refused('This server takes no tokens of channels: see the option channelTokens')
    const grant = await read({ token, channel, user: session.user, session: session.id })
    if (grant === null) throw refused(`The token is not accepted for '${channel}'`)
    if (grant.expires !== undefined && grant.expires <= clock.now())
      throw refused(`The token for '${channel}' has expired`)
    session.grants ??= new Map()
    session.grants.set(channel, grant)
  }

  /** Calls `end` when what the session was granted there is over, unless its subscription is by then. */
  watch(session: Session, channel: string, end: () => void): void {
    const { clock, wheel } = this.#parts
    const grant = session.grants?.get(channel)
    if (grant?.expires === undefined) return
    const { expires } = grant
    const entry: WheelEntry = {
      due() {
        if (session.state === 'ended' || session.grants?.get(channel) !== grant) return undefined
        const left = expires - clock.now()
        if (left > 0) return left
        end()
        return undefined
      },
    }
    wheel.add(entry, expires - clock.now())
  }
}

/** Whether what a token granted covers an action. */
export const isGranted = (grant: ChannelGrant | undefined, action: Action): boolean =>
  grant !== undefined && (grant.actions.includes(action) || grant.actions.includes('*'))

const refused = (message: string): MillraceError =>
  new MillraceError('forbidden', { message, field: 'token' })
