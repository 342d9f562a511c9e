import { MillraceError } from '@millrace/client'
import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { CALLS, may } from '../access.js'
import { announce } from '../chat/announce.js'
import { type Link, openLink } from '../chat/link.js'
import { Sender } from '../chat/outbox-store.js'
import { publishText } from '../chat/room.js'
import { type Identity, tokenFrom } from '../chat/session.js'
import { newestText } from '../domain/conversation.js'
import type { Person, Role, Ticket } from '../domain/ticket.js'
import { DESK_CHANNEL } from '../names.js'
import { DeskConversation } from './conversation.js'

/** Waiting conversations are followed too, for their first lines, but not without end. */
const WAITING_FOLLOWED = 50

export interface Colleague extends Person {
  readonly role: Role
}

/** The agent's side: all tickets, the conversations that are followed live, and what the agent does with them. */
export class Desk {
  readonly me: Identity
  readonly link: Link
  readonly sender: Sender
  readonly #tickets = signal<ReadonlyMap<string, Ticket>>(new Map())
  readonly #conversations = signal<ReadonlyMap<string, DeskConversation>>(new Map())
  readonly #agents = signal<readonly Colleague[]>([])
  readonly #online = signal<ReadonlySet<string>>(new Set())
  readonly #loaded = signal(false)
  readonly #problem = signal<string | undefined>(undefined)
  readonly selected = signal<string | undefined>(undefined)
  readonly #stops: (() => void)[] = []
  /** Tickets this connection has brought: what is older than it is only a memory, whatever its version. */
  readonly #fresh = new Set<string>()

  /** `onShutOut` is told the code when this login lets nobody in any more. */
  constructor(me: Identity, onShutOut: (code: number) => void) {
    this.me = me
    this.link = openLink(tokenFrom('/support/desk/token'))
    this.link.onShutOut(onShutOut)
    this.sender = new Sender({
      key: `support-desk-outbox-${me.id}`,
      isConnected: () => this.link.isConnected(),
      openTicket: () => Promise.reject(new MillraceError('no-such-target')),
      publish: (message) => publishText(this.link.client, message),
    })
    this.#listen()
    this.#stops.push(effect(() => this.#follow(this.#followed.value)))
  }

  get tickets(): ReadonlySignal<ReadonlyMap<string, Ticket>> {
    return this.#tickets
  }
  get agents(): ReadonlySignal<readonly Colleague[]> {
    return this.#agents
  }
  /** Whether it is told who is where: while it is cut off, what it heard last need not be so any more. */
  get isInformed(): boolean {
    return this.link.isConnected()
  }

  /** The agents who are at a desk now. */
  get online(): ReadonlySignal<ReadonlySet<string>> {
    return this.#online
  }
  get loaded(): ReadonlySignal<boolean> {
    return this.#loaded
  }
  /** What the server refused last, for the agent to read. */
  get problem(): ReadonlySignal<string | undefined> {
    return this.#problem
  }

  /** The tickets whose conversations are followed live. */
  readonly #followed = computed(() => {
    const all = [...this.#tickets.value.values()]
    const mine = all.filter((ticket) => ticket.status === 'active' && ticket.agent.id === this.me.id)
    const waiting = all.filter(({ status }) => status === 'waiting').slice(0, WAITING_FOLLOWED)
    const chosen = all.filter(({ id }) => id === this.selected.value)
    return [...new Map([...mine, ...waiting, ...chosen].map((ticket) => [ticket.id, ticket])).values()]
  })

  conversationOf(ticket: string | undefined): DeskConversation | undefined {
    return ticket === undefined ? undefined : this.#conversations.value.get(ticket)
  }

  /** Unread messages in the agent's own conversations, and how many people wait. */
  readonly unread = computed(() => {
    let unread = 0
    for (const ticket of this.#tickets.value.values()) unread += this.unreadOf(ticket)
    return unread
  })

  unreadOf(ticket: Ticket): number {
    const own = ticket.status === 'active' && ticket.agent.id === this.me.id
    return own ? (this.#conversations.value.get(ticket.id)?.unread.value ?? 0) : 0
  }

  take(ticket: string): Promise<void> {
    return this.#ask(() => this.link.client.call('desk.take', { ticket }))
  }
  assign(ticket: string, agent: string): Promise<void> {
    return this.#ask(() => this.link.client.call('desk.assign', { ticket, agent }))
  }
  mute(ticket: string, muted: boolean): Promise<void> {
    return this.#ask(() => this.link.client.call('desk.mute', { ticket, muted }))
  }
  close(ticket: string): Promise<void> {
    return this.#ask(() => this.link.client.call('support.close', { ticket }))
  }

  /** Ends all logins of an agent. One's own end before the answer can come, which is no failure: `onShutOut` tells of it. */
  signOut({ id, name }: Person): Promise<void> {
    return this.#ask(async () => {
      try {
        await this.link.client.call('desk.signOut', { agent: id })
        announce(`${name} is signed out`)
      } catch (error) {
        if (this.link.state.value.name !== 'closed') throw error
      }
    })
  }

  /** Whether the agent may do this with the ticket. */
  may(call: keyof typeof CALLS, about: { readonly ticket?: Ticket; readonly agent?: string } = {}): boolean {
    return may(CALLS[call], this.me, about)
  }

  /** Leaves the desk: the session ends, nothing is heard any more. */
  leave(): void {
    for (const stop of this.#stops) stop()
    this.#follow([])
    this.link.client.close('the agent logged out')
  }

  async #ask(request: () => Promise<unknown>): Promise<void> {
    this.#problem.value = undefined
    try {
      await request()
    } catch (error) {
      this.#problem.value = error instanceof Error ? error.message : 'That did not work'
      announce(this.#problem.value)
    }
  }
  dismissProblem(): void {
    this.#problem.value = undefined
  }

  #listen(): void {
    const { client } = this.link
    const queue = client.channel(DESK_CHANNEL, { member: { name: this.me.name } })
    this.#stops.push(
      queue.on('message', (ticket) => this.#changed(ticket)),
      queue.on('presence', ({ members }) => {
        this.#online.value = new Set(members.flatMap(({ user }) => user ?? []))
      }),
    )
    this.link.onConnected(() => {
      this.#fresh.clear()
      void this.#load()
      void this.sender.flush()
      for (const conversation of this.#conversations.value.values()) conversation.marker.flush()
    })
    void client.connect().catch(() => {})
  }

  /** After each connection: everything anew, because the queue's channel does not reach back for ever. */
  async #load(): Promise<void> {
    try {
      const { tickets, agents } = await this.link.client.call('desk.tickets', {})
      batch(() => {
        const known = this.#tickets.value
        this.#tickets.value = new Map(
          tickets.map((ticket) => {
            const before = this.#fresh.has(ticket.id) ? known.get(ticket.id) : undefined
            return [ticket.id, before && before.version > ticket.version ? before : ticket]
          }),
        )
        for (const { id } of tickets) this.#fresh.add(id)
        this.#agents.value = agents
        this.#loaded.value = true
      })
    } catch {
      // The next connection asks again.
    }
  }

  #changed(ticket: Ticket): void {
    const before = this.#tickets.value.get(ticket.id)
    const isFresh = this.#fresh.has(ticket.id)
    if (isFresh && before !== undefined && before.version >= ticket.version) return
    this.#fresh.add(ticket.id)
    this.#tickets.value = new Map(this.#tickets.value).set(ticket.id, ticket)
    if (before === undefined && ticket.status === 'waiting') announce(`${ticket.customer.name} is waiting`)
    const cameToMe = ticket.status === 'active' && ticket.agent.id === this.me.id
    const wasMine = before?.status === 'active' && before.agent.id === this.me.id
    if (cameToMe && !wasMine) announce(`You have the conversation with ${ticket.customer.name}`)
  }

  /** Opens the rooms of these tickets and closes all others. */
  #follow(tickets: readonly Ticket[]): void {
    const before = this.#conversations.peek()
    const wanted = new Map(tickets.map((ticket) => [ticket.id, ticket]))
    for (const [id, conversation] of before) if (!wanted.has(id)) conversation.close()
    const after = new Map(
      tickets.map((ticket) => [ticket.id, before.get(ticket.id) ?? this.#openConversation(ticket)] as const),
    )
    for (const [id, conversation] of after) conversation.follow(wanted.get(id))
    const same = after.size === before.size && [...after.keys()].every((id) => before.has(id))
    if (!same) this.#conversations.value = after
  }

  #openConversation(ticket: Ticket): DeskConversation {
    return new DeskConversation(this.link.client, ticket, {
      me: this.me,
      onEntry: (id) => this.sender.arrived(id),
      onMessage: (text) => {
        if (this.selected.value !== ticket.id) announce(`${ticket.customer.name}: ${text}`)
      },
    })
  }

  /** The newest line of a conversation, for the list. */
  lineOf(ticket: Ticket): string {
    const conversation = this.#conversations.value.get(ticket.id)?.room.conversation.value
    const newest = conversation && newestText(conversation)
    if (newest === undefined) return ''
    return newest.author === this.me.id ? `You: ${newest.text}` : newest.text
  }
}
