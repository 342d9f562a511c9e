import {
  type Command,
  type CommandBodies,
  type Message,
  type MessageBodies,
  MillraceError,
} from '@millrace/protocol'
import { type BackoffParts, backoff } from './backoff.js'
import { duration, type Settings } from './options.js'
import { aborted, onAbort, type Settle } from './pending.js'
import type { RequestOptions } from './types.js'

/** Which reply each command gets. docs/protocol.md section 5. */
interface Replies {
  connect: 'connected'
  subscribe: 'subscribed'
  unsubscribe: 'unsubscribed'
  publish: 'published'
  history: 'history'
  presence: 'presence'
  enter: 'entered'
  leave: 'left'
  call: 'answered'
  refresh: 'refreshed'
}
export type Asked = keyof Replies
export type Reply<K extends Asked> = MessageBodies[Replies[K]]

/** What commands leave by. */
interface Outlet {
  /** When anything else than a ping came last, if only a part of something. */
  readonly arrivedAt: number
  send(commands: readonly Command[]): void
}

/**
 * What becomes of a request when its connection is lost. `again`: sent again, because it may be carried out twice without harm.
 * `once`: waits while unsent; once sent, nobody can say what became of it, so it fails. `bound`: belongs to the connection.
 */
type Fate = 'again' | 'once' | 'bound'
type How = RequestOptions & { readonly fate: Fate }

interface Request {
  /** Absent when something else than a reply is waited for. */
  readonly command: Command | undefined
  readonly fate: Fate
  readonly settle: Settle<unknown>
  refuse(error: MillraceError): void
}

interface RequestsParts extends BackoffParts {
  readonly settings: Settings
}

/** All that waits for an outcome, and the commands that wait to be sent. Of connections it knows only whether there is one. */
export class Requests {
  /** Why nothing is accepted: the client is closed. */
  declare refusal: MillraceError | undefined
  readonly #parts: RequestsParts
  readonly #requests = new Map<number, Request>()
  #unsent: Command[] = []
  #outlet: Outlet | undefined
  #flushing = false
  #lastId = 0

  constructor(parts: RequestsParts) {
    this.#parts = parts
  }

  /** An application's request. Settles by its deadline at the latest. */
  ask<K extends Asked>(kind: K, body: CommandBodies[K], how: How): Promise<Reply<K>> {
    return this.#promise(how, (done) => this.send(kind, { ...how, body }, done))
  }

  /** Settles when `among` is settled, or by its deadline. */
  wait(what: string, options: RequestOptions, among: Set<Settle>): Promise<void> {
    return this.#promise(options, (done) => {
      const settle = this.send(what, { ...options, fate: 'again' }, (error) => {
        among.delete(settle)
        done(error)
      })
      among.add(settle)
      return settle
    })
  }

  /**
   * A request whose outcome is told inside the arrival of the reply, when what came after it in the frame is not handled yet;
   * never inside this call. The function returned ends it early. Without a body nothing is sent: there is a deadline only.
   */
  send<K extends Asked>(
    kind: K,
    how: How & { readonly body: CommandBodies[K] },
    done: Settle<Reply<K>>,
  ): Settle
  send(kind: string, how: How, done: Settle): Settle
  send(kind: string, how: How & { readonly body?: object }, done: Settle<never>): Settle {
    const {
      settings,
      ports: { clock },
    } = this.#parts
    const { body, fate, timeout = settings.timeouts.request } = how
    const ms = duration(timeout, 'timeout')
    const id = ++this.#lastId
    const command = body && ({ id, kind, body } as Command)
    const settle: Settle<unknown> = (error, value) => {
      if (!this.#requests.delete(id)) return
      cancel()
      cancelAgain()
      // What nobody waits for any more need not be sent.
      this.#unsent = this.#unsent.filter((unsent) => unsent !== command)
      ;(done as Settle<unknown>)(error, value)
    }
    const askedAt = clock.now()
    let refusal: MillraceError | undefined
    let cancelAgain = () => {}
    const refuse = (error: MillraceError) => {
      if (kind === 'publish' && error.kind === 'unavailable') {
        // What became of it nobody knows, but with the same id it is stored once.
        refusal = error
        cancelAgain()
        cancelAgain = clock.schedule(error.retryAfter ?? backoff(this.#parts, askedAt), () => {
          if (command !== undefined && !this.#unsent.includes(command)) this.#queue(command)
        })
      } else settle(error)
    }
    let cancel = () => {}
    const wait = () => {
      const since = clock.now()
      cancel = clock.schedule(ms, () => {
        // Over a slow link what a subscription asked for may be behind what comes. To ask again would have it begin again.
        if (fate === 'bound' && kind !== 'unsubscribe' && (this.#outlet?.arrivedAt ?? 0) > since) wait()
        else
          settle(refusal ?? new MillraceError('timeout', { message: `No answer to ${kind} within ${ms} ms` }))
      })
    }
    wait()
    this.#requests.set(id, { command, fate, settle, refuse })
    if (command !== undefined) this.#queue(command)
    return settle
  }

  /** Sends without waiting for a reply; dropped when there is no connection. A ping has an id all the same: else it is not answered. */
  tell<K extends 'ping' | 'pong' | 'answer' | 'ephemeral'>(kind: K, body: CommandBodies[K]): void {
    const id = kind === 'ping' ? ++this.#lastId : 0
    if (this.#outlet !== undefined) this.#queue({ id, kind, body } as Command)
  }

  /** Settles the request a reply belongs to. A reply nobody waits for any more is ignored. */
  receive({ id, kind, body }: Message): void {
    const request = this.#requests.get(id)
    if (kind === 'error') request?.refuse(new MillraceError(body.code, body))
    else request?.settle(undefined, body)
  }

  /** Sends what `greet` asks for as one frame, ahead of everything that waits. */
  first(outlet: Outlet, greet: () => void): void {
    const waiting = this.#unsent
    this.#unsent = []
    greet()
    outlet.send(this.#unsent)
    this.#unsent = waiting
  }

  /** Whether every request survives the loss of the connection. */
  get idle(): boolean {
    return [...this.#requests.values()].every(({ fate }) => fate === 'again')
  }

  /** From now on commands are sent, those that waited first. */
  open(outlet: Outlet): void {
    this.#outlet = outlet
    this.#flush()
  }

  /** The connection is lost: every request meets its fate. */
  lost(): void {
    const waiting = this.#unsent
    this.#outlet = undefined
    this.#unsent = []
    for (const { command, fate, settle } of [...this.#requests.values()]) {
      const stays =
        fate === 'again' || (fate === 'once' && command !== undefined && waiting.includes(command))
      if (!stays) settle(new MillraceError('connection-lost'))
      else if (command !== undefined) this.#unsent.push(command)
    }
  }

  /** Fails everything, and what is asked from now on, until `refusal` is cleared. */
  close(error: MillraceError): void {
    this.refusal = error
    this.#outlet = undefined
    for (const { settle } of [...this.#requests.values()]) settle(error)
  }

  #promise<T>(how: RequestOptions, begin: (done: Settle<T>) => Settle): Promise<T> {
    return new Promise((resolve, reject) => {
      const { signal } = how
      const { pending } = this.#parts.settings.limits
      if (this.refusal !== undefined) throw this.refusal
      if (signal?.aborted) throw aborted(signal)
      if (this.#requests.size >= pending)
        throw new MillraceError('limit-exceeded', {
          message: `limits.pending: ${pending} wait already`,
        })
      const settle = begin((error, value) => {
        forget()
        if (error === undefined) resolve(value as T)
        else reject(error)
      })
      const forget = onAbort(signal, () => settle(aborted(signal)))
    })
  }

  /** The commands of one turn leave as one frame. */
  #queue(command: Command): void {
    this.#unsent.push(command)
    if (this.#outlet === undefined || this.#flushing) return
    this.#flushing = true
    atEndOfTurn(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    const commands = this.#unsent
    if (this.#outlet === undefined || commands.length === 0) return
    this.#unsent = []
    this.#outlet.send(commands)
  }
}

/** Runs when what runs now has returned, before anything new arrives. */
export const atEndOfTurn = (run: () => void): void => {
  Promise.resolve().then(run)
}
