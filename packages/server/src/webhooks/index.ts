export {
  WEBHOOK_EVENTS,
  type WebhookEvent,
  type WebhookEventType,
  type WebhookRequest,
} from './event.js'
export type { Deliver, Delivered, Delivering, Delivery, ResolvedWebhook, WebhookPorts } from './ports.js'
export { type WebhookStats, Webhooks } from './webhooks.js'
