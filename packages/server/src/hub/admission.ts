import { MillraceError } from '@millrace/protocol'
import { Identity } from './identity.js'
import type { Clock, LinkInfo, MaybePromise } from './ports.js'
import type { Session, User } from './session.js'
import type { Wheel, WheelEntry } from './wheel.js'

/** What `auth` is asked. */
export interface AuthRequest extends LinkInfo {
  /** The token of the connect command, or the newer one of a connection that stands. */
  readonly token: string | undefined
}

/** Says whose session it is: a user, who that is and how long, or null for nobody that may connect. */
export type Authenticate = (request: AuthRequest) => MaybePromise<User | Identity | null>

/**
 * Milliseconds after the end of its token for which a session is still kept: what has come in time may be unread yet, above all where
 * this process stood still.
 */
const GRACE = 1_000

/** Who may connect, and until when. */
export class Admission {
  readonly #authenticate: Authenticate | undefined
  readonly #clock: Pick<Clock, 'now'>
  readonly #wheel: Wheel

  constructor(parts: {
    readonly authenticate: Authenticate | undefined
    readonly clock: Pick<Clock, 'now'>
    readonly wheel: Wheel
  }) {
    this.#authenticate = parts.authenticate
    this.#clock = parts.clock
    this.#wheel = parts.wheel
  }

  /** Whether somebody asks who it is that connects. */
  get asks(): boolean {
    return this.#authenticate !== undefined
  }

  /** Makes a session its user's. Returns for how many milliseconds. Rejects with `unauthenticated`. */
  async admit(session: Session, token: string | undefined): Promise<number | undefined> {
    if (this.#authenticate === undefined) return undefined
    return this.#take(session, await this.#identityOf({ ...session.info, token }))
  }

  /** The same user has a newer token. Rejects with `unauthenticated`, also when it is another's; what held until now goes on holding. */
  async refresh(session: Session, token: string): Promise<number | undefined> {
    if (this.#authenticate === undefined) return undefined
    const identity = await this.#identityOf({ headers: {}, remoteAddress: '', token })
    if (identity.user.id !== session.user?.id)
      throw new MillraceError('unauthenticated', {
        message: 'The token is another user’s: connect anew',
        field: 'token',
      })
    return this.#take(session, identity)
  }

  async #identityOf(request: AuthRequest): Promise<Identity> {
    const said = await this.#authenticate?.(request)
    if (said === null || said === undefined)
      throw new MillraceError('unauthenticated', { message: 'The token is missing or was not accepted' })
    return said instanceof Identity ? said : new Identity(said)
  }

  #take(session: Session, identity: Identity): number | undefined {
    const { expires } = identity
    const left = expires === undefined ? undefined : expires - this.#clock.now()
    if (left !== undefined && left <= -GRACE)
      throw new MillraceError('unauthenticated', { message: 'The token has expired' })
    session.identify(identity)
    if (left !== undefined) this.#wheel.add(new Watch(session, identity, this.#clock), left)
    return left === undefined ? undefined : Math.max(0, Math.round(left))
  }
}

/** Ends a session with its token, unless it has a newer one by then. */
class Watch implements WheelEntry {
  readonly #session: Session
  readonly #identity: Identity
  readonly #clock: Pick<Clock, 'now'>
  #isOver = false

  constructor(session: Session, identity: Identity, clock: Pick<Clock, 'now'>) {
    this.#session = session
    this.#identity = identity
    this.#clock = clock
  }

  due(): number | undefined {
    const { state, identity } = this.#session
    if (state === 'ended' || identity !== this.#identity) return undefined
    const left = (this.#identity.expires ?? 0) - this.#clock.now()
    if (left > 0) return left
    if (!this.#isOver) {
      this.#isOver = true
      return GRACE
    }
    this.#session.close('token-expired')
    return undefined
  }
}
