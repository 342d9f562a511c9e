import type { ChannelMember, Client } from '@millrace/client'
import { type ReadonlySignal, signal } from '@preact/signals'
import type { Participant, SupportApi } from '../api.js'
import { type Conversation, EMPTY, gapped, prepended, received } from '../domain/conversation.js'
import type { Side } from '../domain/ticket.js'
import { sideOf, supportChannel } from '../names.js'
import { entryOf } from './entries.js'

/** How long a sign of typing holds, and how often it is repeated while somebody types. */
const TYPING_HOLDS = 6_000
const TYPING_REPEATS = 2_500
/** How many messages come at first, and with each look further back. */
const PAGE = 50

export type Older = 'more' | 'loading' | 'none'

type RoomChannel = ReturnType<typeof openChannel>
const openChannel = (client: Client<SupportApi>, ticket: string) =>
  client.channel(supportChannel(ticket), { history: PAGE })

/** A message and the conversation it goes to. */
export interface Addressed {
  readonly ticket: string
  readonly id: string
  readonly text: string
}

/** Sends a message to a conversation, followed or not. Its id makes a second sending the same message. */
export async function publishText(
  client: Client<SupportApi>,
  { ticket, id, text }: Addressed,
): Promise<void> {
  await client.channel(supportChannel(ticket)).publish({ kind: 'text', id, text }, { id })
}

/** One conversation, live: its messages, who is there and who types. Knows no page. */
export class Room {
  readonly ticket: string
  readonly #side: Side
  readonly #channel: RoomChannel
  readonly #conversation = signal<Conversation>(EMPTY)
  readonly #members = signal<readonly ChannelMember<Participant>[]>([])
  readonly #typing = signal(false)
  readonly #older = signal<Older>('none')
  readonly #loaded = signal(false)
  #typingEnds: ReturnType<typeof setTimeout> | undefined
  #typingSaid = 0
  readonly #stops: (() => void)[] = []

  constructor(client: Client<SupportApi>, ticket: string, side: Side) {
    this.ticket = ticket
    this.#side = side
    this.#channel = openChannel(client, ticket)
    this.#listen(client, this.#channel)
  }

  get conversation(): ReadonlySignal<Conversation> {
    return this.#conversation
  }
  get members(): ReadonlySignal<readonly ChannelMember<Participant>[]> {
    return this.#members
  }
  /** Whether the other side is writing. */
  get typing(): ReadonlySignal<boolean> {
    return this.#typing
  }
  /** Whether there are older messages than those shown. */
  get older(): ReadonlySignal<Older> {
    return this.#older
  }
  /** Whether the first history has come: until then nothing is known, not even that there is nothing. */
  get loaded(): ReadonlySignal<boolean> {
    return this.#loaded
  }

  #listen(client: Client<SupportApi>, channel: RoomChannel): void {
    this.#stops.push(
      channel.on('message', (message, about) => {
        const entry = entryOf(message, about)
        if (entry === undefined) return
        this.#conversation.value = received(this.#conversation.value, entry)
        // A note may be that the other side writes no more.
        if (entry.kind !== 'text' || entry.side !== this.#side) this.#otherTypes(false)
      }),
      channel.on('gap', ({ to }) => {
        this.#conversation.value = gapped(this.#conversation.value, { time: Date.now(), offset: to.offset })
      }),
      channel.on('ephemeral', ({ typing }, { from }) => {
        if (sideOf(from?.user) !== this.#side) this.#otherTypes(typing)
      }),
      channel.on('presence', ({ members }) => {
        this.#members.value = members
      }),
      // Who typed before a cut may have stopped since.
      client.on('state', ({ name }) => {
        if (name !== 'connected') this.#otherTypes(false)
      }),
      channel.on('state', ({ name }) => {
        if (name === 'subscribed' && !this.#loaded.value) this.#first()
      }),
    )
  }

  /** After the first subscription: is there more than came with it? */
  #first(): void {
    this.#loaded.value = true
    const oldest = this.#conversation.value.entries[0]
    if (oldest !== undefined && oldest.at.offset > 1) this.#older.value = 'more'
  }

  /** Reads the page of messages before the oldest one shown. */
  async loadOlder(): Promise<void> {
    const oldest = this.#conversation.value.entries[0]
    if (oldest === undefined || this.#older.value !== 'more') return
    this.#older.value = 'loading'
    try {
      const page = await this.#channel.history({ before: oldest.at.offset, limit: PAGE })
      const entries = page.publications.flatMap((one) => entryOf(one.message, one) ?? [])
      this.#conversation.value = prepended(this.#conversation.value, entries)
      this.#older.value = page.more && page.publications.length > 0 ? 'more' : 'none'
    } catch {
      this.#older.value = 'more'
    }
  }

  /** Says that this side is writing, not more often than needed, or that it stopped. */
  type(typing: boolean): void {
    if (typing && Date.now() - this.#typingSaid < TYPING_REPEATS) return
    if (!typing && this.#typingSaid === 0) return
    this.#typingSaid = typing ? Date.now() : 0
    this.#channel.sendEphemeral({ typing }, { excludeSelf: true })
  }

  #otherTypes(typing: boolean): void {
    clearTimeout(this.#typingEnds)
    this.#typing.value = typing
    if (typing) this.#typingEnds = setTimeout(() => this.#otherTypes(false), TYPING_HOLDS)
  }

  /** Shows up in the conversation, or tells what changed; again after every cut, by itself. */
  enter(participant: Participant): void {
    // A refusal only means that this side does not show; the conversation itself is not in danger.
    this.#channel.enter(participant).catch(() => {})
  }
  leave(): void {
    this.#channel.leave().catch(() => {})
  }

  close(): void {
    clearTimeout(this.#typingEnds)
    for (const stop of this.#stops) stop()
    void this.#channel.unsubscribe()
  }
}
