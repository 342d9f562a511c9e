import type { Client } from '@millrace/client'
import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Participant, SupportApi } from '../api.js'
import { Marker } from '../chat/marker.js'
import { Room } from '../chat/room.js'
import { newestFrom, unreadBy } from '../domain/conversation.js'
import type { Person, Ticket } from '../domain/ticket.js'

interface Listeners {
  readonly me: Person
  readonly onEntry: (id: string) => void
  /** The customer wrote something new. */
  readonly onMessage: (text: string) => void
}

/** One conversation as the desk follows it: the room, this agent's receipts and presence in it. */
export class DeskConversation {
  readonly room: Room
  readonly marker: Marker
  /** What the agent has typed and not sent, kept while another conversation is in front. */
  readonly draft = signal('')
  readonly #me: Person
  readonly #mine = signal(false)
  readonly #lastSeen = signal<number | undefined>(undefined)
  readonly #stops: (() => void)[]
  #customer = ''

  constructor(client: Client<SupportApi>, { id }: Ticket, { me, onEntry, onMessage }: Listeners) {
    this.#me = me
    this.room = new Room(client, id, 'agent')
    this.marker = new Marker(async (marks) => {
      if (this.#mine.value) await client.call('support.mark', { ticket: id, ...marks })
    })
    let announced = 0
    this.#stops = [
      effect(() => {
        const conversation = this.room.conversation.value
        for (const entry of conversation.entries) onEntry(entry.id)
        const newest = newestFrom(conversation, 'customer')
        if (newest === undefined || !this.#mine.value) return
        this.marker.delivered(newest.at)
        if (announced !== 0 && newest.at.time > announced) onMessage(newest.text)
        announced = Math.max(newest.at.time, announced, 1)
      }),
      // The customer sees who is with them: the agent who has the conversation, nobody who only looks.
      effect(() => {
        if (!this.#mine.value) return
        this.room.enter({})
        return () => this.room.leave()
      }),
      effect(() => {
        if (this.customerHere.value) this.#lastSeen.value = Date.now()
      }),
    ]
  }

  /** Takes over what the ticket says. */
  follow(ticket: Ticket | undefined): void {
    if (ticket === undefined) return
    this.#customer = ticket.customer.id
    this.#mine.value = ticket.status === 'active' && ticket.agent.id === this.#me.id
    this.marker.heard(ticket.receipts.agent)
  }

  get lastSeen(): ReadonlySignal<number | undefined> {
    return this.#lastSeen
  }

  readonly unread = computed(() => unreadBy(this.room.conversation.value, 'agent', this.marker.receipt.value))

  /** The newest of the customer's open pages, if any is open. */
  readonly customerHere = computed<Participant | undefined>(() => {
    const members = this.room.members.value.filter(({ user }) => user === this.#customer)
    return members.toSorted((a, b) => a.since - b.since).at(-1)?.data
  })

  /** The newest message is in view. */
  seen(): void {
    const newest = newestFrom(this.room.conversation.value, 'customer')
    if (newest !== undefined && this.#mine.value) this.marker.read(newest.at)
  }

  close(): void {
    for (const stop of this.#stops) stop()
    this.marker.stop()
    this.room.close()
  }
}
