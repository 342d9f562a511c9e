import { describe, expect, it } from 'vitest'
import type { Post, PostRequest } from './backend/index.js'
import { resolveWebhooks } from './webhook-options.js'
import { signing, warnOfPlainHttp } from './webhook-ports.js'
import { WEBHOOK_EVENTS } from './webhooks/index.js'

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const OTHER = 'whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE='
const url = 'https://backend.example/events?key=1'

describe('the option webhooks', () => {
  it('has defaults', () => {
    expect(resolveWebhooks(undefined)).toEqual([])
    expect(resolveWebhooks([{ url, secret: SECRET }])).toEqual([
      {
        url,
        shownUrl: 'https://backend.example/events',
        secrets: [expect.any(Uint8Array)],
        events: WEBHOOK_EVENTS,
        channels: undefined,
        messages: false,
        timeout: 10_000,
        giveUpAfter: 86_400_000,
      },
    ])
  })

  it.each([
    ['webhooks', 'https://backend.example', 'must be a list'],
    ['webhooks[0].url', [{ url: 'backend.example', secret: SECRET }], 'must be one like'],
    ['webhooks[0].url', [{ url: 'ftp://backend.example', secret: SECRET }], 'must be one like'],
    ['webhooks[0].url', [{ url: 'https://me:pass@backend.example', secret: SECRET }], 'no name and password'],
    [
      'webhooks[1].secret',
      [
        { url, secret: SECRET },
        { url, secret: 'short' },
      ],
      "must be 'whsec_'",
    ],
    ['webhooks[0].secret', [{ url, secret: [] }], 'empty list'],
    ['webhooks[0].events', [{ url, secret: SECRET, events: ['conected'] }], 'connected, disconnected'],
    ['webhooks[0].events', [{ url, secret: SECRET, events: [] }], 'must be some of'],
    ['webhooks[0].channels', [{ url, secret: SECRET, channels: ['orders:*:paid'] }], 'last character'],
    ['webhooks[0].channels', [{ url, secret: SECRET, channels: 'orders:*' }], 'list of names'],
    ['webhooks[0].messages', [{ url, secret: SECRET, messages: 'yes' }], 'true or false'],
    ['webhooks[0].timeout', [{ url, secret: SECRET, timeout: 0 }], 'at least 1 ms'],
    ['webhooks[0].giveUpAfter', [{ url, secret: SECRET, giveUpAfter: 'soon' }], 'soon'],
  ])('names what is wrong: %s', (option, given, message) => {
    expect(() => resolveWebhooks(given as never)).toThrow(TypeError)
    expect(() => resolveWebhooks(given as never)).toThrow(option)
    expect(() => resolveWebhooks(given as never)).toThrow(message)
  })

  it('never shows a secret', () => {
    expect(() => resolveWebhooks([{ url, secret: 'my-dear-secret' }])).not.toThrow('my-dear-secret')
  })

  it('warns of plain HTTP that leaves this machine', () => {
    const log: string[] = []
    const note = (message: string, details?: object) => log.push(`${message} ${JSON.stringify(details)}`)
    const logger = { debug: note, info: note, warn: note, error: note }
    const hosts = ['http://backend.example/a?key=1', 'http://127.0.0.1:80', 'http://localhost', url]
    warnOfPlainHttp(resolveWebhooks(hosts.map((one) => ({ url: one, secret: SECRET }))), logger)
    expect(log).toEqual([expect.stringContaining('"url":"http://backend.example/a"')])
  })
})

describe('[H13.2] a request is signed as Standard Webhooks has it', () => {
  const sent: PostRequest[] = []
  const post: Post = (request) => {
    sent.push(request)
    return { answer: Promise.resolve({ status: 200, text: '', retryAfter: undefined }), cancel: () => {} }
  }

  it('with each secret, while one takes the place of another', async () => {
    const [one] = resolveWebhooks([{ url, secret: [SECRET, OTHER] }])
    const delivery = {
      ...{ url, secrets: one?.secrets ?? [], id: 'msg_p5jXN8AQM9LWM0D4loKWxJek' },
      ...{ time: 1_614_265_330_999, body: '{"test": 2432232314}' },
    }
    expect((await signing(post)(delivery).answer).status).toBe(200)
    // The first code is the example of the specification.
    expect(sent).toEqual([
      {
        url,
        body: delivery.body,
        headers: {
          'webhook-id': delivery.id,
          'webhook-timestamp': '1614265330',
          'webhook-signature': expect.stringMatching(
            /^v1,g0hM9SsE\+OTPJTGt\/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,[\w+/]{43}=$/,
          ),
        },
        maxAnswer: 16_384,
      },
    ])
  })
})
