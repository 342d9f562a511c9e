/** What backends are told, and how it is written. */
import { type Payload, type Publisher, toBase64 } from '@millrace/protocol'
import type { Appended, NewPublication, Session } from '../hub/index.js'

export const WEBHOOK_EVENTS = [
  'connected',
  'disconnected',
  'subscribed',
  'unsubscribed',
  'published',
  'occupied',
  'vacated',
] as const
export type WebhookEventType = (typeof WEBHOOK_EVENTS)[number]

/** The body of a request, as the receiver parses it. */
export interface WebhookRequest {
  /** The node that tells. */
  readonly node: string
  /** Oldest first. */
  readonly events: readonly WebhookEvent[]
  /** So many events before the first of these will not be told. Absent for none. */
  readonly dropped?: number
}

interface Told<T extends WebhookEventType> {
  /** The same whenever the event is told again. */
  readonly id: string
  readonly type: T
  /** By the node's clock, in milliseconds since 1970. */
  readonly time: number
}

interface OfSession {
  readonly session: string
  /** Absent where the server has no `auth`. */
  readonly user?: string
}

/** One thing that happened. */
export type WebhookEvent =
  | (Told<'connected'> & OfSession & { readonly resumed?: true })
  | (Told<'disconnected'> & OfSession & { readonly code: number })
  | (Told<'subscribed' | 'unsubscribed'> & OfSession & { readonly channel: string })
  | (Told<'occupied' | 'vacated'> & { readonly channel: string })
  | PublishedEvent

export interface PublishedEvent extends Told<'published'> {
  readonly channel: string
  readonly epoch: string
  readonly offset: number
  /** The publication's own id, where the publisher gave one. */
  readonly publicationId?: string
  /** Where the channel says who publishes. */
  readonly from?: Publisher
  /** Of a state channel. */
  readonly key?: string
  readonly removed?: true
  /** It was stored before under its id, which may have been told or not. Then the message is not here: what was stored then may be another. */
  readonly repeated?: true
  /** With `messages`: JSON as it is. */
  readonly message?: unknown
  /** With `messages`: the codec of a message that is not JSON, and its bytes in base64. */
  readonly codec?: string
  readonly data?: string
}

type Bare<E> = E extends unknown ? Omit<E, 'id' | 'time'> : never

/** What is known of an event before it is named. */
export type EventFacts = Bare<WebhookEvent>

export const ofSession = ({ id, user }: Session): OfSession =>
  user === undefined ? { session: id } : { session: id, user: user.id }

/** The name of a publication among all events: whoever tells of it, and however often, it is the same. */
export const publishedId = (channel: string, { epoch, offset }: Appended): string =>
  `${channel}@${epoch}:${offset}`

/** A publication's event as JSON text. Written piece by piece, for it is written for every publication. */
export function publishedText(
  { id, time, channel }: { readonly id: string; readonly time: number; readonly channel: string },
  { id: publicationId, from, key, removed, data }: NewPublication,
  { stored: { epoch, offset, skipped }, messages }: { readonly stored: Appended; readonly messages: boolean },
): string {
  const where = `"channel":${quoted(channel)},"epoch":${quoted(epoch)},"offset":${offset}`
  const name = publicationId === undefined ? '' : `,"publicationId":${quoted(publicationId)}`
  const head = `{"id":${quoted(id)},"type":"published","time":${time},${where}${name}`
  if (skipped === 'duplicate') return `${head},"repeated":true}`
  const whom = from === undefined ? '' : `,"from":${JSON.stringify(from)}`
  const what = key === undefined ? '' : `,"key":${quoted(key)}${removed ? ',"removed":true' : ''}`
  return `${head}${whom}${what}${messages ? messageText(data) : ''}}`
}

/** What needs no escapes is written as it is, which is quicker. */
const quoted = (text: string): string => (/^[\w .:@/+=-]*$/.test(text) ? `"${text}"` : JSON.stringify(text))

/** JSON as it is stored, bytes in base64. */
const messageText = (data: Payload): string => {
  if (data.codec !== 'json') return `,"codec":"${data.codec}","data":"${toBase64(data.bytes)}"`
  return `,"message":${'text' in data ? data.text : JSON.stringify(data.value)}`
}
