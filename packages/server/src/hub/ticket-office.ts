import { MillraceError } from '@millrace/protocol'
import type { Admission, AuthRequest } from './admission.js'
import { type Doorkeeper, REFUSALS } from './doorkeeper.js'
import { Identity } from './identity.js'
import type { Clock } from './ports.js'
import type { Revocations } from './revocation/revocations.js'
import type { User } from './session-host.js'
import type { IssuedTicket } from './single-use-tickets.js'

export interface TicketOfficeParts {
  readonly admission: Pick<Admission, 'asks' | 'identify' | 'check' | 'singleUse'>
  readonly door: Pick<Doorkeeper, 'enter' | 'refuses' | 'leave'>
  readonly revocations: Pick<Revocations, 'issueTime'>
  readonly clock: Pick<Clock, 'now'>
}

/** Gives out single-use tickets. [H14.3] */
export class TicketOffice {
  readonly #parts: TicketOfficeParts

  constructor(parts: TicketOfficeParts) {
    this.#parts = parts
  }

  /**
   * One for whom the application names. Of a plain user it is as if issued now; an Identity is taken as it is. `ttl`: milliseconds, 30,000 by default. Throws a TypeError for
   * what a ticket cannot carry, `unauthenticated` or `revoked` for an identity that would not be let in now, `not-available` where nobody asks who connects.
   */
  make(who: User | Identity, ttl?: number): IssuedTicket {
    const { admission, revocations } = this.#parts
    this.#needAuth()
    const identity =
      who instanceof Identity ? who : new Identity(who, { issued: revocations.issueTime(who.id) })
    admission.check(identity)
    return admission.singleUse.issue(identity, ttl)
  }

  /**
   * One for whom `auth` says that it is. It counts as a new connection of its address while that is decided. Rejects as connecting would, and with `not-available` where nobody asks
   * who connects.
   */
  async exchange(request: AuthRequest): Promise<IssuedTicket> {
    const { admission, door, clock } = this.#parts
    this.#needAuth()
    const visitor = door.enter(request.remoteAddress, clock.now())
    try {
      const refused = door.refuses(visitor, { now: clock.now() })
      if (refused !== undefined) {
        const [code, message] = REFUSALS[refused]
        throw new MillraceError(code, { message })
      }
      const identity = await admission.identify(request)
      admission.check(identity)
      return admission.singleUse.issue(identity)
    } finally {
      door.leave(visitor, false)
    }
  }

  #needAuth(): void {
    if (this.#parts.admission.asks) return
    throw new MillraceError('not-available', {
      message: 'The server has no auth: everybody may connect, without a ticket',
    })
  }
}
