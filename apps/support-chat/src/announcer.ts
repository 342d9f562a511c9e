import { randomUUID } from 'node:crypto'
import type { ChatMessage } from './api.js'
import type { Note } from './domain/conversation.js'
import type { HelpDesk } from './domain/help-desk.js'
import type { Ticket, TicketView } from './domain/ticket.js'
import { DESK_CHANNEL, supportChannel, ticketChannel } from './names.js'

/** The part of the Millrace server that telling needs. */
interface Publisher {
  publish(channel: ReturnType<typeof supportChannel>, message: ChatMessage): Promise<unknown>
  publish(channel: ReturnType<typeof ticketChannel>, message: TicketView): Promise<unknown>
  publish(channel: typeof DESK_CHANNEL, message: Ticket): Promise<unknown>
}

/** Tells everybody concerned what changed, in the order in which it changed, whatever broker carries it. */
export class Announcer {
  readonly #publisher: Publisher
  readonly #desk: HelpDesk
  #tail: Promise<unknown> = Promise.resolve()

  constructor(publisher: Publisher, desk: HelpDesk) {
    this.#publisher = publisher
    this.#desk = desk
  }

  /** To the agents, and to the customer of each ticket. Resolves when all of it is stored. */
  tickets(changed: readonly Ticket[]): Promise<void> {
    const news = changed.map((ticket) => ({ ticket, view: this.#desk.view(ticket) }))
    return this.#inOrder(async () => {
      for (const { ticket, view } of news) {
        await this.#publisher.publish(DESK_CHANNEL, ticket)
        await this.#publisher.publish(ticketChannel(ticket.id), view)
      }
    })
  }

  /** A line in the conversation itself. */
  note(ticket: string, note: Note): Promise<void> {
    return this.#inOrder(async () => {
      await this.#publisher.publish(supportChannel(ticket), { kind: 'note', id: randomUUID(), note })
    })
  }

  /** Resolves when everything was told that was to be told so far. */
  settled(): Promise<void> {
    return this.#inOrder(async () => {})
  }

  #inOrder(task: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(task)
    this.#tail = done.catch(() => {})
    return done
  }
}
