import type { Published } from '../core/types.js'

/** A publication on its way: written, and neither acknowledged nor refused yet. Plain data, so that any store can keep it. */
export interface OutboxEntry {
  /** Also the publication's id, so that it is stored once however often it is sent. */
  readonly id: string
  readonly channel: string
  readonly data: unknown
  /** Of waiting entries with the same key in a channel, only the newest stays. */
  readonly key?: string | undefined
  readonly version?: number | undefined
  readonly excludeSelf?: boolean | undefined
  /** Milliseconds since 1970. */
  readonly writtenAt: number
  readonly expiresAt: number
  /** About how much it takes, in bytes: its JSON's length. */
  readonly bytes: number
}

/** Where entries survive a reload, a crash or a closed tab. */
export interface EntryStore<Entry extends { readonly id: string }> {
  /** What was left by lives that are over, oldest first. Called once, before anything else. */
  open(): Promise<readonly Entry[]>
  /** Keeps an entry, in place of one that has the same id. */
  put(entry: Entry): Promise<void>
  remove(id: string): Promise<void>
  /** This life is over; what it leaves is the next one's. */
  close(): void
}

export type OutboxStore = EntryStore<OutboxEntry>

/** Keeps entries as long as the page lives. */
export const memoryStore = <Entry extends { readonly id: string } = OutboxEntry>(): EntryStore<Entry> => ({
  open: async () => [],
  put: async () => {},
  remove: async () => {},
  close: () => {},
})

/** What becomes of an entry, for whoever waits for it. */
export interface Waiter {
  resolve(published: Published): void
  reject(error: unknown): void
}
