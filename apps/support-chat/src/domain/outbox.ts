/** A message somebody wrote that the server has not confirmed yet. */
export interface Pending {
  readonly id: string
  /** The conversation it belongs to; absent when it is to open one. */
  readonly ticket?: string | undefined
  readonly text: string
  readonly writtenAt: number
  /** Why it was refused for good. Absent while it waits for its turn or the network. */
  readonly refusal?: string | undefined
}

/** Messages in the order they were written. They are sent in that order, one after the other. */
export type Outbox = readonly Pending[]

/** How many unsent messages a device keeps at most. */
export const OUTBOX_LIMIT = 100

export const written = (outbox: Outbox, message: Pending): Outbox =>
  outbox.some(({ id }) => id === message.id) ? outbox : [...outbox, message].slice(-OUTBOX_LIMIT)

export const confirmed = (outbox: Outbox, id: string): Outbox => outbox.filter((message) => message.id !== id)

export const refused = (outbox: Outbox, id: string, refusal: string): Outbox =>
  outbox.map((message) => (message.id === id ? { ...message, refusal } : message))

/** A refused message gets another try, as the person asked. */
export const retried = (outbox: Outbox, id: string): Outbox =>
  outbox.map((message) => (message.id === id ? { ...message, refusal: undefined } : message))

/** Messages written before there was a conversation belong to the one that was opened for them. */
export const addressed = (outbox: Outbox, ticket: string): Outbox =>
  outbox.map((message) => (message.ticket === undefined ? { ...message, ticket } : message))

/** Messages whose conversations are gone belong to none, until one is opened. */
export const unaddressed = (outbox: Outbox): Outbox => outbox.map(({ ticket: _, ...message }) => message)

/** What to send next: the oldest that was not refused. */
export const nextOf = (outbox: Outbox): Pending | undefined =>
  outbox.find(({ refusal }) => refusal === undefined)

/** What storage held, as an outbox: another version of the page, or a person, may have written anything there. */
export function outboxFrom(stored: unknown): Outbox {
  if (!Array.isArray(stored)) return []
  return stored.filter(isPending).slice(-OUTBOX_LIMIT)
}

function isPending(value: unknown): value is Pending {
  if (typeof value !== 'object' || value === null) return false
  const { id, ticket, text, writtenAt, refusal } = value as Partial<Record<keyof Pending, unknown>>
  return (
    typeof id === 'string' &&
    typeof text === 'string' &&
    typeof writtenAt === 'number' &&
    (ticket === undefined || typeof ticket === 'string') &&
    (refusal === undefined || typeof refusal === 'string')
  )
}
