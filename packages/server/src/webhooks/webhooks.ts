import { type HubEvents, isCovered, type Session } from '../hub/index.js'
import { Endpoint } from './endpoint.js'
import { type EventFacts, ofSession, publishedId, publishedText, type WebhookEventType } from './event.js'
import type { ResolvedWebhook, WebhookPorts } from './ports.js'

/** How telling backends goes. */
export interface WebhookStats {
  /** Events that a backend has taken. */
  readonly sent: number
  /** Requests that were not taken. */
  readonly failed: number
  /** Events that wait, those of a request under way included. */
  readonly waiting: number
  /** Events that will not be told: too many waited, they were given up, or their backend is gone. */
  readonly dropped: number
}

type ByType = { readonly [T in WebhookEventType]: readonly Endpoint[] }

/** Tells backends what happens, each by a queue of its own. [H13.1] */
export class Webhooks {
  readonly #endpoints: readonly Endpoint[]
  readonly #by: ByType
  readonly #clock: WebhookPorts['clock']
  /** What the names of this node's events begin with, since it was started. */
  readonly #name: string
  #count = 0
  #closing: Promise<unknown> | undefined

  constructor(settings: readonly ResolvedWebhook[], node: string, ports: WebhookPorts) {
    this.#endpoints = settings.map((one) => new Endpoint(one, node, ports))
    const of = (type: WebhookEventType): readonly Endpoint[] =>
      this.#endpoints.filter((endpoint) => endpoint.settings.events.includes(type))
    this.#by = {
      connected: of('connected'),
      disconnected: of('disconnected'),
      subscribed: of('subscribed'),
      unsubscribed: of('unsubscribed'),
      published: of('published'),
      occupied: of('occupied'),
      vacated: of('vacated'),
    }
    this.#clock = ports.clock
    this.#name = settings.length === 0 ? '' : `evt_${ports.random.id()}`
  }

  /** What the hub is asked to tell: nothing that no backend wants. */
  get hubEvents(): HubEvents {
    const wants = (type: WebhookEventType): boolean => this.#by[type].length > 0
    const of =
      (type: 'subscribed' | 'unsubscribed') =>
      (session: Session, channel: string): void =>
        this.#tell({ type, ...ofSession(session), channel })
    return {
      subscribed: wants('subscribed') ? of('subscribed') : undefined,
      unsubscribed: wants('unsubscribed') ? of('unsubscribed') : undefined,
      published: wants('published') ? this.#published : undefined,
      occupancy: wants('occupied') || wants('vacated') ? this.#occupancy : undefined,
    }
  }

  connected(session: Session): void {
    const facts = { type: 'connected', ...ofSession(session) } as const
    this.#tell(session.isResumed ? { ...facts, resumed: true } : facts)
  }

  disconnected(session: Session, code: number): void {
    this.#tell({ type: 'disconnected', ...ofSession(session), code })
  }

  stats(): WebhookStats {
    const sum = { sent: 0, failed: 0, waiting: 0, dropped: 0 }
    for (const { stats } of this.#endpoints)
      for (const name of ['sent', 'failed', 'waiting', 'dropped'] as const) sum[name] += stats[name]
    return sum
  }

  /** Sends what waits, for so many milliseconds at most. What happens after that nobody is told. */
  async close(within: number): Promise<void> {
    this.#closing ??= Promise.all(this.#endpoints.map((endpoint) => endpoint.close(within)))
    await this.#closing
  }

  readonly #occupancy: NonNullable<HubEvents['occupancy']> = {
    covers: (channel) =>
      this.#by.occupied.some(({ settings }) => isAbout(settings, channel)) ||
      this.#by.vacated.some(({ settings }) => isAbout(settings, channel)),
    occupied: (channel, time) => this.#tell({ type: 'occupied', channel }, time),
    vacated: (channel, time) => this.#tell({ type: 'vacated', channel }, time),
  }

  readonly #published: NonNullable<HubEvents['published']> = (channel, publication, stored) => {
    let named: Parameters<typeof publishedText>[0] | undefined
    // Most have one backend; where several want the same, it is written once.
    let bare: string | undefined
    let whole: string | undefined
    for (const endpoint of this.#by.published) {
      if (endpoint.isOver || !isAbout(endpoint.settings, channel)) continue
      named ??= { id: publishedId(channel, stored), time: this.#clock.now(), channel }
      if (endpoint.settings.messages) {
        whole ??= publishedText(named, publication, { stored, messages: true })
        endpoint.push(whole)
      } else {
        bare ??= publishedText(named, publication, { stored, messages: false })
        endpoint.push(bare)
      }
    }
  }

  #tell({ type, ...facts }: EventFacts, time = this.#clock.now()): void {
    const channel = 'channel' in facts ? facts.channel : undefined
    let text: string | undefined
    for (const endpoint of this.#by[type]) {
      if (endpoint.isOver || !isAbout(endpoint.settings, channel)) continue
      text ??= JSON.stringify({ id: `${this.#name}.${++this.#count}`, type, time, ...facts })
      endpoint.push(text)
    }
  }
}

/** Whether an event about a channel, or about none, is among what a backend wants. */
const isAbout = ({ channels }: ResolvedWebhook, channel: string | undefined): boolean =>
  channels === undefined || channel === undefined || channels.some((name) => isCovered(name, channel))
