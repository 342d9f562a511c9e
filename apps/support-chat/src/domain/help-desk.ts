import { advance, type Mark, NO_RECEIPT } from './mark.js'
import { type Person, type Side, type Ticket, type TicketView, viewOf } from './ticket.js'

/** The rules say no. The message is for the person who asked. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** How long and how many closed conversations stay in the agents' list. */
const CLOSED_KEPT_FOR = 24 * 60 * 60 * 1000
const CLOSED_KEPT = 200
/** The most open conversations at once: beyond it new ones are refused, not piled up. */
const OPEN_AT_MOST = 5_000

/** Who acts, and when: time is always given, never taken from a clock here. */
interface Act {
  readonly ticket: string
  readonly agent: Person
  readonly now: number
}

/** What an act changed: the ticket first, then others (those who moved up the queue). */
export type Changed = readonly [Ticket, ...Ticket[]]

/** All tickets and the rules for them. Pure: no clock, no network, no storage. */
export class HelpDesk {
  /** In the order they were opened, which a change to a ticket keeps. */
  readonly #tickets = new Map<string, Ticket>()

  constructor(tickets: Iterable<Ticket> = []) {
    for (const ticket of [...tickets].sort(byAge)) this.#tickets.set(ticket.id, ticket)
  }

  get(id: string): Ticket | undefined {
    return this.#tickets.get(id)
  }

  /** Every ticket, oldest first. */
  all(): Ticket[] {
    return [...this.#tickets.values()]
  }

  /** The customer's conversation that is not closed. A customer has at most one. */
  openTicketOf(customer: string): Ticket | undefined {
    return this.all().find((ticket) => ticket.customer.id === customer && ticket.status !== 'closed')
  }

  /** The ticket as its customer sees it, with its place in the queue. */
  view(ticket: Ticket): TicketView {
    const ahead = ticket.status === 'waiting' ? this.#waiting().findIndex(({ id }) => id === ticket.id) : 0
    return viewOf(ticket, Math.max(ahead, 0))
  }

  /** Opens a conversation, or gives the one the customer already has. */
  open({ id, customer, now }: { id: string; customer: Person; now: number }): Ticket {
    this.#prune(now)
    const existing = this.openTicketOf(customer.id)
    if (existing !== undefined) {
      return existing.customer.name === customer.name ? existing : this.#change({ ...existing, customer })
    }
    if (this.all().filter(({ status }) => status !== 'closed').length >= OPEN_AT_MOST) {
      throw new Refused('Too many people are waiting. Please try again later')
    }
    const receipts = { customer: NO_RECEIPT, agent: NO_RECEIPT }
    return this.#change({ id, customer, status: 'waiting', openedAt: now, receipts, version: 0 })
  }

  /** An agent takes a waiting conversation. */
  take({ ticket: id, agent, now }: Act): Changed {
    const ticket = this.#open(id)
    if (ticket.status === 'active') {
      throw new Refused(
        ticket.agent.id === agent.id
          ? 'You already have this one'
          : `${ticket.agent.name} has taken this one`,
      )
    }
    return this.#leavesQueue({ ...ticket, status: 'active', agent, takenAt: now })
  }

  /** Hands a conversation to an agent, whoever had it before. */
  assign({ ticket: id, agent, now }: Act): Changed {
    const ticket = this.#open(id)
    if (ticket.status === 'waiting')
      return this.#leavesQueue({ ...ticket, status: 'active', agent, takenAt: now })
    if (ticket.agent.id === agent.id) throw new Refused(`${agent.name} already has this one`)
    return [this.#change({ ...ticket, agent })]
  }

  /** Lets the customer only read, or write again. */
  mute({ ticket: id, muted }: { ticket: string; muted: boolean }): Changed {
    const { muted: before, ...ticket } = this.#open(id)
    if (muted === (before === true))
      throw new Refused(muted ? 'This customer is muted already' : 'This customer is not muted')
    return [this.#change(muted ? { ...ticket, muted } : ticket)]
  }

  close({ ticket: id, by, now }: { ticket: string; by: Side; now: number }): Changed {
    const ticket = this.#open(id)
    const { customer, openedAt, receipts, version } = ticket
    return this.#leavesQueue({
      id,
      customer,
      openedAt,
      receipts,
      version,
      status: 'closed',
      closedAt: now,
      closedBy: by,
      ...(ticket.status === 'active' && { agent: ticket.agent, takenAt: ticket.takenAt }),
    })
  }

  /** Moves one side's receipt forward. Undefined when it says nothing new. */
  mark(id: string, side: Side, marks: { delivered?: Mark | undefined; read?: Mark | undefined }) {
    const ticket = this.#known(id)
    const receipt = advance(ticket.receipts[side], marks)
    if (receipt === ticket.receipts[side]) return undefined
    return this.#change({ ...ticket, receipts: { ...ticket.receipts, [side]: receipt } })
  }

  #waiting(): Ticket[] {
    return this.all().filter(({ status }) => status === 'waiting')
  }

  #known(id: string): Ticket {
    const ticket = this.#tickets.get(id)
    if (ticket === undefined) throw new Refused('This conversation does not exist any more')
    return ticket
  }

  #open(id: string) {
    const ticket = this.#known(id)
    if (ticket.status === 'closed') throw new Refused('This conversation is closed')
    return ticket
  }

  #change(ticket: Ticket): Ticket {
    const changed = { ...ticket, version: ticket.version + 1 }
    this.#tickets.set(changed.id, changed)
    return changed
  }

  /** Changes the ticket; everybody who waited behind it has moved up, which is a change to them too. */
  #leavesQueue(ticket: Ticket): Changed {
    const waiting = this.#waiting()
    const place = waiting.findIndex(({ id }) => id === ticket.id)
    const behind = place < 0 ? [] : waiting.slice(place + 1)
    return [this.#change(ticket), ...behind.map((other) => this.#change(other))]
  }

  #prune(now: number): void {
    const closed = this.all().filter((ticket) => ticket.status === 'closed')
    const surplus = closed.length - CLOSED_KEPT
    closed.forEach((ticket, index) => {
      if (index < surplus || ticket.closedAt < now - CLOSED_KEPT_FOR) this.#tickets.delete(ticket.id)
    })
  }
}

const byAge = (a: Ticket, b: Ticket): number => a.openedAt - b.openedAt || (a.id < b.id ? -1 : 1)
