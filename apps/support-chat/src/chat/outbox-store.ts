import { MillraceError } from '@millrace/client'
import { type ReadonlySignal, signal } from '@preact/signals'
import {
  addressed,
  confirmed,
  nextOf,
  type Outbox,
  outboxFrom,
  type Pending,
  refused,
  retried,
  unaddressed,
  written,
} from '../domain/outbox.js'
import { tidyMessage } from '../domain/text.js'

/** When the server did not answer although the connection stands, how long to wait before the next try. */
const PAUSE = 2_000

export interface SenderOptions {
  /** Where unsent messages survive a reload: the key in localStorage. */
  readonly key: string
  readonly isConnected: () => boolean
  /** Opens a conversation for a message that has none, and gives its id. */
  readonly openTicket: () => Promise<string>
  readonly publish: (message: { ticket: string; id: string; text: string }) => Promise<void>
}

/**
 * Sends what a person writes, one message after the other and each until it is confirmed or refused, across cuts and
 * reloads. A message keeps its id, so sending it again is never a second message.
 */
export class Sender {
  readonly #options: SenderOptions
  readonly #outbox = signal<Outbox>([])
  /** Confirmed, but the conversation has not brought them yet: still shown, not sent again. */
  readonly #stored = new Set<string>()
  #sending = false

  constructor(options: SenderOptions) {
    this.#options = options
    this.#outbox.value = outboxFrom(readStored(options.key))
  }

  get outbox(): ReadonlySignal<Outbox> {
    return this.#outbox
  }

  send(text: string, ticket?: string): void {
    const message = { id: crypto.randomUUID(), text: tidyMessage(text), writtenAt: Date.now() }
    this.#change(written(this.#outbox.value, ticket === undefined ? message : { ...message, ticket }))
    void this.flush()
  }

  /** Tries a refused message again, in the conversation given or a new one. */
  retry(id: string, ticket: string | undefined): void {
    const again = retried(this.#outbox.value, id)
    this.#change(again.map((message) => (message.id === id ? { ...message, ticket } : message)))
    void this.flush()
  }

  discard(id: string): void {
    this.#change(confirmed(this.#outbox.value, id))
  }

  /** What is unsent goes to the next conversation: those it was for are this browser's no more. */
  unaddress(): void {
    this.#change(unaddressed(this.#outbox.value))
  }

  /** The conversation has brought this message: it is shown from there now. */
  arrived(id: string): void {
    if (this.#outbox.value.some((message) => message.id === id))
      this.#change(confirmed(this.#outbox.value, id))
    this.#stored.delete(id)
  }

  /** Sends what waits. Call it whenever the connection is there again. */
  async flush(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      for (let next = this.#next(); next && this.#options.isConnected(); next = this.#next()) {
        await this.#sendOne(next)
      }
    } finally {
      this.#sending = false
    }
  }

  #next(): Pending | undefined {
    return nextOf(this.#outbox.value.filter(({ id }) => !this.#stored.has(id)))
  }

  async #sendOne({ id, ticket, text }: Pending): Promise<void> {
    try {
      const to = ticket ?? (await this.#options.openTicket())
      if (ticket === undefined) this.#change(addressed(this.#outbox.value, to))
      await this.#options.publish({ ticket: to, id, text })
      this.#stored.add(id)
      setTimeout(() => this.arrived(id), PAUSE)
    } catch (error) {
      // What ends because the connection did, even for good, says nothing of the message.
      if (error instanceof MillraceError && error.retry === 'never' && this.#options.isConnected()) {
        this.#change(refused(this.#outbox.value, id, refusalOf(error)))
      } else {
        await new Promise((resolve) => setTimeout(resolve, PAUSE))
      }
    }
  }

  #change(outbox: Outbox): void {
    this.#outbox.value = outbox
    try {
      localStorage.setItem(this.#options.key, JSON.stringify(outbox))
    } catch {
      // Where storage is full or forbidden, unsent messages live as long as the page.
    }
  }
}

/** Why a message was refused, for the person who wrote it. */
function refusalOf(error: MillraceError): string {
  if (error.kind === 'revoked') return 'You can read this conversation, but not write in it for now'
  return error.kind === 'forbidden' ? 'This conversation was closed or handed over meanwhile' : error.message
}

function readStored(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '[]')
  } catch {
    return []
  }
}
