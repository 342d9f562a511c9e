import { type Duration, MillraceError, milliseconds } from '@millrace/protocol'
import {
  Backend,
  type BackendOptions,
  type BackendPorts,
  Flights,
  type PostAnswer,
  resolveBackend,
  Unreadable,
  wholeNumber,
} from '../backend/index.js'
import type { AccessRequest, MaybePromise, User } from '../hub/index.js'
import { messageIn, numberIn, objectOf, onlyThese } from './answer.js'
import { AnswerCache } from './answer-cache.js'

export interface HttpAuthorizeOptions<U extends User | undefined = User> extends BackendOptions {
  /**
   * For how long at most an answer may hold that allows, where it says itself that it may (`cache`). Above 0 an answer is taken to be about user, channel and
   * action, whichever of the user's sessions asks. Default 0: the backend is asked each time.
   */
  readonly ttl?: Duration
  /** For how long at most an answer holds that does not allow; its `cache` may make it less. Default 1 second; 0 for none. */
  readonly refusedTtl?: Duration
  /** Answers that are kept at most; those asked for least lately go first. Default 10,000. */
  readonly entries?: number
  /** What the backend is told of a user; and by what answers are kept. Default: all there is. */
  readonly user?: (user: U) => unknown
}

/** What is asked: who wants to do what where. */
export type BackendAccess<U extends User | undefined> = Omit<AccessRequest, 'user'> & { readonly user: U }

/** A hook for `channel(pattern).authorize(…)`. */
export interface HttpAuthorize<U extends User | undefined = User> {
  (access: BackendAccess<U>): MaybePromise<boolean>
  /**
   * Forgets answers about a user, or all: for who may now do more, or less. On this node; `revoke({ user })` does it on all, for hooks that are given to
   * `authorize` as they are.
   */
  forget(user?: string): void
}

interface Verdict {
  readonly allow: boolean
  readonly message: string | undefined
  /** Milliseconds for which the backend lets it hold. */
  readonly cache: number | undefined
}

/** Authorizes by asking a backend. Throws a TypeError for options that make no sense. */
export function createHttpAuthorize<U extends User | undefined = User>(
  options: HttpAuthorizeOptions<U>,
  ports: BackendPorts,
): HttpAuthorize<U> {
  const who = 'httpAuthorize()'
  const asked = new AskedAccess({
    backend: new Backend(resolveBackend(options, who), ports),
    now: () => ports.clock.now(),
    ttl: milliseconds(options.ttl ?? 0, `${who}: ttl`),
    refusedTtl: milliseconds(options.refusedTtl ?? '1s', `${who}: refusedTtl`),
    entries: wholeNumber(options.entries, { name: `${who}: entries`, least: 1, usual: 10_000 }),
  })
  const describe = options.user ?? ((user: U): unknown => user)
  const hook = ({ user, session, channel, params, action }: BackendAccess<U>): MaybePromise<boolean> => {
    const said = asked.verdict({ user: describe(user), session, channel, params, action }, user?.id ?? '')
    return said instanceof Promise ? said.then(decide) : decide(said)
  }
  return Object.assign(hook, { forget: (user?: string) => asked.forget(user) })
}

function decide({ allow, message }: Verdict): boolean {
  if (allow || message === undefined) return allow
  throw new MillraceError('forbidden', { message, field: 'channel' })
}

interface AskedAccessParts {
  readonly backend: Backend
  readonly now: () => number
  /** Milliseconds. */
  readonly ttl: number
  readonly refusedTtl: number
  readonly entries: number
}

/** Answers of a backend about access, which hold for a while. */
class AskedAccess {
  readonly #parts: AskedAccessParts
  readonly #flights = new Flights<Verdict>()
  readonly #cache: AnswerCache<Verdict>
  /** How often was forgotten: what was asked before is not kept after. */
  #forgotten = 0

  constructor(parts: AskedAccessParts) {
    this.#parts = parts
    this.#cache = new AnswerCache(parts.entries)
  }

  /** The answer about a user to a question, which is asked unless it is known or being asked. */
  verdict(question: object, user: string): MaybePromise<Verdict> {
    const { backend, now, ttl } = this.#parts
    const key = JSON.stringify(ttl > 0 ? { ...question, session: undefined } : question)
    const known = this.#cache.find(key, now())
    if (known !== undefined) return known
    return this.#flights.share(key, async () => {
      const forgotten = this.#forgotten
      const verdict = await backend.ask(JSON.stringify(question), readVerdict)
      if (forgotten === this.#forgotten) this.#keep(key, user, verdict)
      return verdict
    })
  }

  #keep(key: string, user: string, answer: Verdict): void {
    const { now, ttl, refusedTtl } = this.#parts
    const { allow, cache = allow ? 0 : refusedTtl } = answer
    const lasts = Math.min(cache, allow ? ttl : refusedTtl)
    if (lasts > 0) this.#cache.keep(key, { user, answer, until: now() + lasts })
  }

  forget(user: string | undefined): void {
    this.#forgotten++
    this.#flights.forget()
    this.#cache.forget(user)
  }
}

function readVerdict(answer: PostAnswer): Verdict {
  const fields = objectOf(answer)
  onlyThese(fields, ['allow', 'cache', 'message'])
  const { allow } = fields
  if (typeof allow !== 'boolean') throw new Unreadable('an answer whose allow is neither true nor false')
  const seconds = numberIn(fields, 'cache')
  return { allow, message: messageIn(fields), cache: seconds === undefined ? undefined : seconds * 1000 }
}
