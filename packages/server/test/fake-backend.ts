/** A backend without sockets: a test sees what it is asked, and says what becomes of each request. */
import { createHmac } from 'node:crypto'
import type { BackendPorts, Post, PostAnswer, PostRequest } from '../src/backend/index.js'
import { FakeClock, SequenceRandom } from '../src/testing/index.js'
import { OpenRequest } from './open-request.js'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const URL_OF_BACKEND = 'https://backend.example/auth'

/** A request that has come. */
export class FakeRequest extends OpenRequest<PostAnswer> {
  readonly request: PostRequest

  constructor(request: PostRequest, at: number) {
    super(at)
    this.request = request
  }

  /** Answers with a status, and a body that is JSON or, as a string, is not. */
  answer(status: number, body: unknown = {}, retryAfter?: number): void {
    const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body)
    this.end({ status, text, retryAfter })
  }

  /** An answer of which too much came. */
  answerTooMuch(): void {
    this.end({ status: 200, text: undefined, retryAfter: undefined })
  }
}

type Handler = (request: FakeRequest) => void

export class FakeBackend {
  readonly clock = new FakeClock()
  readonly requests: FakeRequest[] = []
  /** What was logged, each in one line. */
  readonly log: string[] = []
  /** Between 0 and 1: what chance says. */
  chance = 0
  /** What becomes of requests. Default: nothing, they wait. */
  handler: Handler = () => {}

  get ports(): BackendPorts {
    const note = (level: string) => (message: string, details?: object) => {
      this.log.push(`${level}: ${message} ${JSON.stringify(details)}`)
    }
    return {
      clock: this.clock,
      random: new SequenceRandom(),
      jitter: () => this.chance,
      hmac: (key, text) => createHmac('sha256', key).update(text).digest('base64'),
      post: this.#post,
      logger: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    }
  }

  /** What it was asked, oldest first. */
  get questions(): readonly unknown[] {
    return this.requests.map(({ request }) => JSON.parse(request.body))
  }

  /** Answers all requests so from now on. */
  answers(status: number, body?: unknown, retryAfter?: number): void {
    this.handler = (request) => request.answer(status, body, retryAfter)
  }

  readonly #post: Post = (request) => {
    const come = new FakeRequest(request, this.clock.now())
    this.requests.push(come)
    this.handler(come)
    return { answer: come.answered, cancel: () => come.cancel() }
  }
}

/** What a promise rejects with or resolves to, told by the time it is looked at. */
export function told<T>(promise: Promise<T> | T): {
  value?: T
  error?: { kind: string; retryAfter?: number }
} {
  const said: { value?: T; error?: { kind: string; retryAfter?: number } } = {}
  Promise.resolve(promise).then(
    (value) => {
      said.value = value
    },
    (error) => {
      said.error = error
    },
  )
  return said
}
