/** Backends without sockets: a test sees what each is told, and says what becomes of each request. */
import type { Session } from '../src/hub/index.js'
import { FakeClock, SequenceRandom, settle } from '../src/testing/index.js'
import {
  type Delivered,
  type Delivery,
  type ResolvedWebhook,
  WEBHOOK_EVENTS,
  type WebhookPorts,
  type WebhookRequest,
  Webhooks,
} from '../src/webhooks/index.js'
import { OpenRequest } from './open-request.js'

export const WEBHOOK: ResolvedWebhook = {
  url: 'https://backend.example/events?key=1',
  shownUrl: 'https://backend.example/events',
  secrets: [new Uint8Array(32)],
  events: WEBHOOK_EVENTS,
  channels: undefined,
  messages: false,
  timeout: 10_000,
  giveUpAfter: 86_400_000,
}

/** A request that has come. */
export class ReceivedRequest extends OpenRequest<Delivered> {
  readonly delivery: Delivery

  constructor(delivery: Delivery, at: number) {
    super(at)
    this.delivery = delivery
  }

  get body(): WebhookRequest {
    return JSON.parse(this.delivery.body)
  }

  /** The sessions its events are about. */
  get sessions(): readonly string[] {
    return this.body.events.map((event) => ('session' in event ? event.session : ''))
  }

  answer(status: number, retryAfter?: number): void {
    this.end({ status, retryAfter })
  }
}

export class Receivers {
  readonly clock = new FakeClock()
  readonly requests: ReceivedRequest[] = []
  /** What was logged, each in one line. */
  readonly log: string[] = []
  /** Between 0 and 1: what chance says. */
  chance = 0
  /** What becomes of requests. Default: nothing, they wait. */
  handler: (request: ReceivedRequest) => void = () => {}
  readonly webhooks: Webhooks

  constructor(...settings: readonly Partial<ResolvedWebhook>[]) {
    const all = settings.length === 0 ? [{}] : settings
    this.webhooks = new Webhooks(
      all.map((one) => ({ ...WEBHOOK, ...one })),
      'node-1',
      this.#ports,
    )
  }

  /** All requests are answered so from now on. */
  answers(status: number, retryAfter?: number): void {
    this.handler = (request) => request.answer(status, retryAfter)
  }

  /** Sessions connect: what is told of that waits. */
  connect(...ids: readonly string[]): void {
    for (const id of ids) this.webhooks.connected(sessionOf(id))
  }

  /** The request that came last, and how many came. */
  get last(): ReceivedRequest {
    const last = this.requests.at(-1)
    if (last === undefined) throw new Error('no request has come')
    return last
  }

  /** Lets promises settle and what is due at once happen. */
  async now(): Promise<void> {
    await this.clock.advance(0)
    await settle()
  }

  get #ports(): WebhookPorts {
    const note = (level: string) => (message: string, details?: object) => {
      this.log.push(`${level}: ${message} ${JSON.stringify(details)}`)
    }
    return {
      clock: this.clock,
      random: new SequenceRandom(),
      jitter: () => this.chance,
      deliver: (delivery) => {
        const come = new ReceivedRequest(delivery, this.clock.now())
        this.requests.push(come)
        this.handler(come)
        return { answer: come.answered, cancel: () => come.cancel() }
      },
      logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    }
  }
}

/** A session as far as webhooks look at it. */
export const sessionOf = (id: string, user?: string): Session =>
  ({ id, user: user === undefined ? undefined : { id: user }, isResumed: false }) as unknown as Session
