import type { Signer } from './ports.js'

/** A session at one of its connections. */
export interface Taken {
  readonly session: string
  /** How often it was taken up: each connection has a higher number than those before it. */
  readonly generation: number
}

/** `code.generation.session`; sessions may have dots in their names. */
const TICKET = /^([^.]+)\.(0|[1-9]\d{0,15})\.(.+)$/s

/**
 * What a client brings along to come back to its session, on whichever node: only the nodes of one broker can write it, and it is
 * worth nothing with another user's credentials. So a session's name may be known to others, and no node need remember it. [H1.6]
 */
export class Tickets {
  readonly #signer: Signer
  #secret: string | undefined

  constructor(signer: Signer) {
    this.#signer = signer
  }

  /** From now on there are tickets. */
  use(secret: string): void {
    this.#secret = secret
  }

  write(taken: Taken, user: string | undefined): string | undefined {
    if (this.#secret === undefined) return undefined
    const code = this.#signer.sign(this.#secret, textOf(taken, user))
    return `${code}.${taken.generation}.${taken.session}`
  }

  /** What a ticket is for; undefined when it is none of ours, or another user's. */
  read(ticket: string, user: string | undefined): Taken | undefined {
    const [, code = '', generation, session = ''] = TICKET.exec(ticket) ?? []
    const taken = { session, generation: Number(generation) }
    if (this.#secret === undefined || !Number.isSafeInteger(taken.generation)) return undefined
    return this.#signer.verify(this.#secret, textOf(taken, user), code) ? taken : undefined
  }
}

/** Nobody in particular is not the user without a name. */
const textOf = ({ session, generation }: Taken, user: string | undefined): string =>
  JSON.stringify(['millrace session', session, generation, user ?? null])
