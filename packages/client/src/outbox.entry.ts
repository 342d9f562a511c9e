/** `@millrace/client/outbox`: publications that survive a connection that is long away, and the page. */
import { Outbox, type OutboxClient, type OutboxOptions } from './outbox/outbox.js'
import { systemClock } from './platform/clock.js'

export { type EntryStore, memoryStore, type OutboxEntry, type OutboxStore } from './outbox/entry.js'
export { indexedDbStore } from './outbox/indexed-db.js'
export type {
  Outbox,
  OutboxClient,
  OutboxEvents,
  OutboxOptions,
  OutboxPublishOptions,
} from './outbox/outbox.js'

/** Makes an outbox for a client: `createOutbox(client, { store: indexedDbStore() })`. Throws a TypeError that names a wrong option. */
export const createOutbox = (client: OutboxClient, options: OutboxOptions = {}): Outbox =>
  new Outbox(client, options, {
    now: systemClock.now,
    schedule: systemClock.schedule,
    // randomUUID is for secure contexts only.
    id: () => [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join(''),
  })
