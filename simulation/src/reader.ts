import type { Gap, Position } from '@millrace/protocol'

/** What one subscriber's handlers were told, in order, and when, in milliseconds since 1970. */
export type Heard =
  | { readonly at: number; readonly key: string; readonly offset: number; readonly recovered: boolean }
  | { readonly at: number; readonly gap: Gap }
  /** Of a state: what it is about has no value any more. */
  | { readonly at: number; readonly removed: string; readonly offset: number }
  /** Of a state: what comes next is all there is. */
  | { readonly at: number; readonly snapshot: true }

/** One part of an application that follows one channel, whatever becomes of its page's connections. */
export class Reader {
  readonly person: string
  readonly channel: string
  readonly heard: Heard[] = []
  /** Where its interest begins: the position with which it was first subscribed. */
  start: Position | undefined
  /** The sessions it has had: what they published with `excludeSelf` it does not get. */
  readonly sessions = new Set<string>()

  constructor(person: string, channel: string) {
    this.person = person
    this.channel = channel
  }
}

/** A publication that was asked for, and how that ended. */
export interface Attempt {
  readonly person: string
  readonly channel: string
  readonly key: string
  readonly startedAt: number
  /** When it must have settled. */
  readonly dueAt: number
  settledAt?: number
  position?: Position
  error?: string
}

/** A call to the server, and how it ended. */
export interface Ask {
  readonly said: string
  /** When it must have settled. */
  readonly dueAt: number
  settledAt?: number
  answered?: unknown
  error?: string
}
