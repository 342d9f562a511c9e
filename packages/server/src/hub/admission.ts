import { type CommandBodies, type MessageBodies, MillraceError } from '@millrace/protocol'
import { Identity } from './identity.js'
import type { Clock, LinkInfo, MaybePromise } from './ports.js'
import type { Revocations } from './revocation/revocations.js'
import type { Session, User } from './session.js'
import type { SingleUseTickets } from './single-use-tickets.js'
import type { Tickets } from './tickets.js'
import type { Wheel, WheelEntry } from './wheel.js'

/** What `auth` is asked. */
export interface AuthRequest extends Omit<LinkInfo, 'ticket'> {
  /** The token of the connect command, or the newer one of a connection that stands. */
  readonly token: string | undefined
}

type Admitted = Pick<MessageBodies['connected'], 'resume' | 'resumed' | 'expires'>

/** Says whose session it is: a user, who that is and how long, or null for nobody that may connect. */
export type Authenticate = (request: AuthRequest) => MaybePromise<User | Identity | null>

/**
 * Milliseconds after the end of its token for which a session is still kept: what has come in time may be unread yet, above all where
 * this process stood still.
 */
const GRACE = 1_000

export interface AdmissionParts {
  /** Undefined: everybody may connect. */
  readonly authenticate: Authenticate | undefined
  readonly clock: Pick<Clock, 'now'>
  readonly wheel: Wheel
  readonly revocations: Pick<Revocations, 'check'>
  readonly tickets: Tickets
  readonly singleUse: SingleUseTickets
}

/** Who may connect, as which session, and until when. */
export class Admission {
  readonly tickets: Tickets
  readonly singleUse: SingleUseTickets
  readonly #authenticate: Authenticate | undefined
  readonly #clock: Pick<Clock, 'now'>
  readonly #wheel: Wheel
  readonly #revocations: Pick<Revocations, 'check'>

  constructor(parts: AdmissionParts) {
    this.tickets = parts.tickets
    this.singleUse = parts.singleUse
    this.#authenticate = parts.authenticate
    this.#clock = parts.clock
    this.#wheel = parts.wheel
    this.#revocations = parts.revocations
  }

  /** Whether somebody asks who it is that connects. */
  get asks(): boolean {
    return this.#authenticate !== undefined
  }

  /** Makes a session its user's. Returns what `connected` says of that. Rejects with `unauthenticated` or `revoked`. */
  async admit(session: Session, connect: CommandBodies['connect']): Promise<Admitted> {
    const isAsked = this.#authenticate !== undefined
    const identity = isAsked ? await this.#whoComes(session, connect) : undefined
    const expires = identity && this.#take(session, identity)
    const resumed = this.#takeUp(session, connect) || undefined
    return { resume: this.tickets.write(session.taken, session.user?.id), resumed, expires }
  }

  /**
   * Whether the session goes on that the ticket is for. [H1.6] Clients count their connections, so that of two whichever is said first, the
   * later is known; one that does not count is taken at its word.
   */
  #takeUp(session: Session, { resume, attempt = 0 }: CommandBodies['connect']): boolean {
    const taken = resume === undefined ? undefined : this.tickets.read(resume, session.user?.id)
    const generation = taken === undefined ? attempt : Math.max(attempt, taken.generation + 1)
    const id = taken?.session ?? session.id
    this.#revocations.check({ identity: session.identity, session: id })
    session.takeUp({ session: id, generation }, taken !== undefined)
    return session.isResumed
  }

  /** The same user has a newer token. Rejects with `unauthenticated`, also when it is another's; what held until now goes on holding. */
  async refresh(session: Session, token: string): Promise<number | undefined> {
    if (this.#authenticate === undefined) return undefined
    const identity = await this.identify({ headers: {}, remoteAddress: '', token })
    if (identity.user.id !== session.user?.id)
      throw new MillraceError('unauthenticated', {
        message: 'The token is another user’s: connect anew',
        field: 'token',
      })
    return this.#take(session, identity)
  }

  /** By a ticket, which then is used up, or by what `auth` says. [P1.14] */
  async #whoComes({ info, id }: Session, { token }: CommandBodies['connect']): Promise<Identity> {
    const { ticket, headers, remoteAddress } = info
    if (ticket === undefined) return this.identify({ headers, remoteAddress, token })
    // Whose session it were to be would be anybody's guess.
    if (token !== undefined)
      throw new MillraceError('unauthenticated', {
        message: 'There is a ticket in the URL and a token here: leave one of them out',
        field: 'connect.token',
      })
    const content = this.singleUse.open(ticket)
    // Who would not be let in has not used it up.
    this.check(content.identity, id)
    await this.singleUse.spend(content)
    return content.identity
  }

  /** Whom `auth` takes somebody for. Rejects with `unauthenticated` when nobody. */
  async identify(request: AuthRequest): Promise<Identity> {
    const said = await this.#authenticate?.(request)
    if (said === null || said === undefined)
      throw new MillraceError('unauthenticated', { message: 'The token is missing or was not accepted' })
    return said instanceof Identity ? said : new Identity(said)
  }

  /** Throws `unauthenticated` when the identity has ended, `revoked` when it was taken away. `session`: which it is to be, where there is one. */
  check(identity: Identity, session = ''): void {
    const left = this.#leftOf(identity)
    if (left !== undefined && left <= -GRACE)
      throw new MillraceError('unauthenticated', { message: 'The token has expired' })
    this.#revocations.check({ identity, session })
  }

  #leftOf({ expires }: Identity): number | undefined {
    return expires === undefined ? undefined : expires - this.#clock.now()
  }

  #take(session: Session, identity: Identity): number | undefined {
    this.check(identity, session.id)
    const left = this.#leftOf(identity)
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
