import { MillraceError } from '@millrace/protocol'
import type { Action } from '../actions.js'
import type { Clock } from '../ports.js'
import type { Withdrawal, Withdrawn } from './withdrawals.js'

/** What a session wants to do with a channel, or with a call. */
interface Wanted {
  readonly action: Action | 'call'
  readonly name: string
  /** When the token of the channel was issued that grants it: milliseconds since 1970. */
  readonly granted?: number | undefined
}

/** What is withheld from a session, whatever its token or a hook allows. Sessions from which nothing was taken have none. */
export class Withheld {
  readonly #clock: Pick<Clock, 'now'>
  readonly #things: readonly Thing[]

  constructor(things: readonly (Withdrawn & Pick<Withdrawal, 'from'>)[], clock: Pick<Clock, 'now'>) {
    this.#clock = clock
    this.#things = things.map((thing) => new Thing(thing, thing.from.user !== undefined))
  }

  /** Whether it may not be done. */
  has(wanted: Wanted): boolean {
    const now = this.#clock.now()
    for (const thing of this.#things) if (thing.until > now && thing.covers(wanted)) return true
    return false
  }

  /** Throws `revoked` when it may not be done. */
  check(wanted: Wanted): void {
    if (this.has(wanted)) throw revoked(wanted)
  }
}

export const revoked = ({ action, name }: Wanted): MillraceError =>
  action === 'call'
    ? new MillraceError('revoked', { message: `Not allowed any more: calling '${name}'`, field: 'method' })
    : new MillraceError('revoked', {
        message: `Not allowed any more: ${action} on '${name}'`,
        field: 'channel',
      })

/** One thing, so that nothing need be taken apart when it is looked at. */
class Thing {
  readonly until: number
  readonly #at: number
  readonly #action: Withdrawn['action']
  /** A name, or what names begin with. */
  readonly #name: string
  readonly #isStem: boolean
  readonly #ofUser: boolean

  constructor({ name, action, at, until }: Withdrawn, ofUser: boolean) {
    this.until = until
    this.#at = at
    this.#action = action
    this.#isStem = name.endsWith('*')
    this.#name = this.#isStem ? name.slice(0, -1) : name
    this.#ofUser = ofUser
  }

  covers({ action, name, granted }: Wanted): boolean {
    const isMeant = this.#action === action || (this.#action === '*' && action !== 'call')
    if (!isMeant || !(this.#isStem ? name.startsWith(this.#name) : name === this.#name)) return false
    // What a user is granted later is welcome, as a later token is.
    return !this.#ofUser || granted === undefined || granted <= this.#at
  }
}
