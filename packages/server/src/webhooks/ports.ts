/** What telling backends needs from the world, and what is settled about one of them. It holds no code. */
import type { Clock, Logger, Random } from '../hub/index.js'
import type { WebhookEventType } from './event.js'

/** One request: a POST of JSON, signed as Standard Webhooks has it (https://www.standardwebhooks.com). */
export interface Delivery {
  readonly url: string
  /** The message's name, the same at every try. */
  readonly id: string
  /** When this try is made, in milliseconds since 1970. */
  readonly time: number
  readonly body: string
  /** It is signed with each. */
  readonly secrets: readonly Uint8Array[]
}

export interface Delivered {
  readonly status: number
  /** Milliseconds the receiver asks to wait before the next request (RFC 9110 §10.2.3). */
  readonly retryAfter: number | undefined
}

/** A request that is under way. */
export interface Delivering {
  /** Whatever answer there is, also one that is a redirect, which is not followed. Rejects with an Error when there is none. */
  readonly answer: Promise<Delivered>
  /** Gives it up: `answer` rejects, whatever the network does. */
  cancel(): void
}

/** Sends a request. Does not throw. */
export type Deliver = (delivery: Delivery) => Delivering

export interface WebhookPorts {
  readonly clock: Clock
  /** Names for events and messages. */
  readonly random: Random
  /** At random, from 0 to below 1: spreads what would else come at once. */
  readonly jitter: () => number
  readonly deliver: Deliver
  readonly logger: Logger
}

/** A backend that is told, with every default filled in. */
export interface ResolvedWebhook {
  readonly url: string
  /** As a log may show it. */
  readonly shownUrl: string
  readonly secrets: readonly Uint8Array[]
  readonly events: readonly WebhookEventType[]
  /** Names of channels, with a `*` at the end for all that begin so; undefined for all channels. */
  readonly channels: readonly string[] | undefined
  /** Whether `published` brings the message. */
  readonly messages: boolean
  /** Milliseconds an answer may take. */
  readonly timeout: number
  /** Milliseconds for which the same events are tried again. */
  readonly giveUpAfter: number
}
