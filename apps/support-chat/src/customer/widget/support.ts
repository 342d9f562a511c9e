import { MillraceError } from '@millrace/client'
import { batch, computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import type { Participant } from '../../api.js'
import { type Link, openLink } from '../../chat/link.js'
import { Marker } from '../../chat/marker.js'
import { Sender } from '../../chat/outbox-store.js'
import { publishText, Room } from '../../chat/room.js'
import {
  type Identity,
  identityIn,
  keepIdentity,
  NotDone,
  storedIdentity,
  tell,
  tokenFrom,
} from '../../chat/session.js'
import { newestFrom, unreadBy } from '../../domain/conversation.js'
import type { TicketView } from '../../domain/ticket.js'
import { ticketChannel } from '../../names.js'

const IDENTITY = 'support-customer'
const TICKET = 'support-ticket'
const OUTBOX = 'support-outbox'
const LOST = 'This browser isn’t known here any more, so earlier messages can’t be shown. Please begin anew.'

/** The customer's side: who this is, the one conversation, and everything the widget shows of it. */
export class CustomerSupport {
  readonly #identity = signal<Identity | undefined>(storedIdentity(localStorage, IDENTITY))
  readonly #ticket = signal<TicketView | undefined>(undefined)
  readonly #room = signal<Room | undefined>(undefined)
  readonly #link = signal<Link | undefined>(undefined)
  /** Whether it is known if there is a conversation: until then the widget waits instead of guessing. */
  readonly #settled = signal(false)
  readonly #notice = signal<string | undefined>(undefined)
  readonly #page: ReadonlySignal<NonNullable<Participant['page']>>
  readonly sender: Sender
  readonly marker: Marker
  #stopRoom: (() => void)[] = []
  /** Whether this connection has brought the ticket: what is older is only a memory, whatever its version. */
  #fresh = false

  constructor(page: ReadonlySignal<NonNullable<Participant['page']>>) {
    this.#page = page
    this.sender = new Sender({
      key: OUTBOX,
      isConnected: () => this.#link.value?.isConnected() ?? false,
      openTicket: () => this.#open(),
      publish: (message) => publishText(this.#connectedClient(), message),
    })
    this.marker = new Marker(async (marks) => {
      const ticket = this.#ticket.value?.id
      if (ticket !== undefined) await this.#link.value?.client.call('support.mark', { ticket, ...marks })
    })
    if (this.#identity.value) this.#connect(this.#identity.value)
    addEventListener('storage', ({ key }) => this.#otherTab(key))
    effect(() => this.#room.value?.enter({ page: this.#page.value }))
  }

  get identity(): ReadonlySignal<Identity | undefined> {
    return this.#identity
  }
  get ticket(): ReadonlySignal<TicketView | undefined> {
    return this.#ticket
  }
  get room(): ReadonlySignal<Room | undefined> {
    return this.#room
  }
  get link(): ReadonlySignal<Link | undefined> {
    return this.#link
  }
  get settled(): ReadonlySignal<boolean> {
    return this.#settled
  }
  /** Why somebody who was in a conversation has to begin anew. */
  get notice(): ReadonlySignal<string | undefined> {
    return this.#notice
  }

  readonly unread = computed(() => {
    const conversation = this.#room.value?.conversation.value
    return conversation === undefined ? 0 : unreadBy(conversation, 'customer', this.marker.receipt.value)
  })

  /** Whether the agent who has the conversation is looking at it. */
  readonly agentHere = computed(() => {
    const agent = this.#ticket.value?.agent?.id
    return this.#room.value?.members.value.some(({ user }) => user === agent) ?? false
  })

  /** Begins: says the name, and sends the first message as soon as there is a connection. Throws NotDone. */
  async start(name: string, text: string): Promise<void> {
    const identity = identityIn(await tell('/support/session', { name }))
    if (identity === undefined) throw new NotDone('The server did not answer as expected', true)
    this.#known(identity)
    this.#notice.value = undefined
    this.sender.send(text)
    if (this.#link.value === undefined) this.#connect(identity)
    else if (this.#link.value.isConnected()) void this.sender.flush()
  }

  /** Sends in the open conversation; after a closed one this begins a new one. */
  send(text: string): void {
    const ticket = this.#ticket.value
    this.sender.send(text, ticket?.status === 'closed' ? undefined : ticket?.id)
  }

  retry(id: string): void {
    const ticket = this.#ticket.value
    this.sender.retry(id, ticket?.status === 'closed' ? undefined : ticket?.id)
  }

  async end(): Promise<void> {
    const ticket = this.#ticket.value
    if (ticket !== undefined) await this.#link.value?.client.call('support.close', { ticket: ticket.id })
  }

  /** The newest message of the agent was in view. */
  seen(): void {
    const room = this.#room.value
    const newest = room && newestFrom(room.conversation.value, 'agent')
    if (newest !== undefined) this.marker.read(newest.at)
  }

  #connect(identity: Identity): void {
    this.#known(identity)
    const link = openLink(tokenFrom('/support/token', (now) => this.#known(now)))
    link.onConnected(() => {
      this.#fresh = false
      void this.#find()
      void this.sender.flush()
      this.marker.flush()
    })
    link.onShutOut(() => this.#lost())
    this.#link.value = link
    void link.client.connect().catch(() => {})
  }

  #known(identity: Identity): void {
    keepIdentity(localStorage, IDENTITY, identity)
    const known = this.#identity.value
    if (identity.id !== known?.id || identity.name !== known.name) this.#identity.value = identity
  }

  /** The cookie is gone, and with it who this was. What was written and not sent is kept for the next conversation. */
  #lost(): void {
    keepIdentity(localStorage, IDENTITY, undefined)
    try {
      localStorage.removeItem(TICKET)
    } catch {
      // It was not stored, then.
    }
    for (const stop of this.#stopRoom.splice(0)) stop()
    this.sender.unaddress()
    batch(() => {
      this.#identity.value = this.#ticket.value = this.#room.value = this.#link.value = undefined
      this.#settled.value = false
      this.#notice.value = LOST
    })
  }

  /** After each connection: where does the conversation stand? */
  async #find(): Promise<void> {
    const kept = localStorage.getItem(TICKET) ?? undefined
    try {
      const { ticket } =
        (await this.#link.value?.client.call('support.find', kept ? { ticket: kept } : {})) ?? {}
      if (ticket !== undefined) this.#show(ticket)
      this.#settled.value = true
    } catch {
      // The next connection asks again.
    }
  }

  async #open(): Promise<string> {
    const ticket = await this.#connectedClient().call('support.open', {})
    this.#show(ticket)
    return ticket.id
  }

  /** Takes over what the server says of the ticket, unless something newer is known. */
  #show(ticket: TicketView): void {
    const known = this.#ticket.value
    if (this.#fresh && known?.id === ticket.id && known.version >= ticket.version) return
    this.#fresh = true
    batch(() => {
      this.#ticket.value = ticket
      this.#settled.value = true
      this.marker.heard(ticket.receipts.customer)
      if (known?.id !== ticket.id) this.#enter(ticket.id)
    })
  }

  #enter(ticket: string): void {
    for (const stop of this.#stopRoom) stop()
    try {
      localStorage.setItem(TICKET, ticket)
    } catch {
      // Then a reload finds open conversations only.
    }
    const link = this.#link.value
    if (link === undefined) return
    const room = new Room(link.client, ticket, 'customer')
    const channel = link.client.channel(ticketChannel(ticket), { history: 1 })
    this.#room.value = room
    this.#stopRoom = [
      channel.on('message', (view) => this.#show(view)),
      effect(() => {
        for (const { id } of room.conversation.value.entries) this.sender.arrived(id)
        const newest = newestFrom(room.conversation.value, 'agent')
        if (newest !== undefined) this.marker.delivered(newest.at)
      }),
      () => room.close(),
    ]
  }

  #connectedClient(): Link['client'] {
    const link = this.#link.value
    if (link === undefined) throw new MillraceError('connection-lost')
    return link.client
  }

  /** Another tab of this browser has begun a conversation: this one joins in. */
  #otherTab(key: string | null): void {
    if (key === IDENTITY && this.#link.value === undefined) {
      const identity = storedIdentity(localStorage, IDENTITY)
      if (identity) this.#connect(identity)
    }
    if (key === TICKET) void this.#find()
  }
}
