/** How backends are told what happens on this platform: signed requests by fetch. */
import { isOpenToAll, type Post, signatureHeaders } from './backend/index.js'
import type { Logger } from './hub/index.js'
import { hmacSha256 } from './node/hmac.js'
import { httpPost } from './node/http-post.js'
import { VERSION } from './version.js'
import type { Deliver, ResolvedWebhook, WebhookPorts } from './webhooks/index.js'

/** Nothing is read of an answer but its status; so much of it is taken off the connection, which then serves the next request. */
const MOST_OF_ANSWER = 16_384

/** Signs each try anew, for a signature is of its time. */
export const signing =
  (post: Post): Deliver =>
  ({ url, id, time, body, secrets }) =>
    post({
      url,
      headers: signatureHeaders({ id, time, body }, secrets, hmacSha256),
      body,
      maxAnswer: MOST_OF_ANSWER,
    })

export const platformWebhooks: Pick<WebhookPorts, 'deliver' | 'jitter'> = {
  deliver: signing(httpPost(globalThis.fetch, `millrace/${VERSION}`)),
  jitter: Math.random,
}

/** Warns of events that go to where others can read them. */
export function warnOfPlainHttp(webhooks: readonly ResolvedWebhook[], logger: Logger): void {
  for (const { url, shownUrl } of webhooks)
    if (isOpenToAll(url))
      logger.warn('a webhook goes over plain HTTP, where whoever is in between reads it: use https:', {
        url: shownUrl,
      })
}
