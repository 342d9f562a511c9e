import {
  type Command,
  type CommandBodies,
  type Message,
  type MessageBodies,
  MillraceError,
} from '@millrace/protocol'
import type { Settings } from './options.js'
import { aborted, type Done, Pending } from './pending.js'
import type { Clock } from './ports.js'
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
}
export type Asked = keyof Replies
export type Reply<K extends Asked> = MessageBodies[Replies[K]]

/**
 * What becomes of a request when its connection is lost. `again`: sent again, because it may be carried out twice without harm.
 * `once`: waits while unsent; once sent, nobody can say what became of it, so it fails. `bound`: belongs to the connection.
 */
type Fate = 'again' | 'once' | 'bound'
export type How = RequestOptions & { readonly fate: Fate }

interface Request {
  readonly command: Command
  readonly fate: Fate
  readonly pending: Pending<unknown>
}

/** The requests without a reply, and the commands that wait to be sent. Knows nothing of connections but when there is one. */
export class Requests {
  readonly #clock: Clock
  readonly #settings: Settings
  readonly #requests = new Map<number, Request>()
  #unsent: Command[] = []
  #send: ((commands: readonly Command[]) => void) | undefined
  #flushing = false
  #lastId = 0
  /** Why nothing is accepted: the client is closed. */
  refusal: MillraceError | undefined

  constructor(clock: Clock, settings: Settings) {
    this.#clock = clock
    this.#settings = settings
  }

  /** An application's request. Rejects by its deadline at the latest. */
  ask<K extends Asked>(kind: K, body: CommandBodies[K], how: How): Promise<Reply<K>> {
    return new Promise((resolve, reject) => {
      const limit = this.#settings.limits.pending
      const full =
        this.#requests.size >= limit
          ? new MillraceError('limit-exceeded', {
              message: `${limit} requests wait for an answer already (limits.pending)`,
            })
          : undefined
      const error = this.refusal ?? full
      if (error !== undefined) return reject(error)
      this.send(kind, { body, how }, (error, reply) =>
        error === undefined ? resolve(reply as Reply<K>) : reject(error),
      )
    })
  }

  /** A request whose outcome is told at once, inside the arrival of the reply: what came after it in the frame is not yet handled. */
  send<K extends Asked>(
    kind: K,
    { body, how }: { readonly body: CommandBodies[K]; readonly how: How },
    done: Done<Reply<K>>,
  ): void {
    if (how.signal?.aborted) return done(aborted(how.signal.reason))
    const { fate, signal, timeout = this.#settings.timeouts.request } = how
    const id = ++this.#lastId
    const pending = new Pending<Reply<K>>(this.#clock, { what: kind, timeout, signal }, (error, reply) => {
      this.#requests.delete(id)
      // What nobody waits for any more need not be sent.
      if (error !== undefined) this.#unsent = this.#unsent.filter((command) => command.id !== id)
      done(error, reply)
    })
    const command = { id, kind, body } as Command
    this.#requests.set(id, { command, fate, pending: pending as Pending<unknown> })
    this.#queue(command)
  }

  /** Sends without waiting for a reply; dropped when there is no connection. A ping has an id all the same: else it is not answered. */
  tell<K extends 'ping' | 'pong' | 'answer' | 'ephemeral'>(kind: K, body: CommandBodies[K]): void {
    const id = kind === 'ping' ? ++this.#lastId : 0
    if (this.#send !== undefined) this.#queue({ id, kind, body } as Command)
  }

  /** Settles the request a reply belongs to. A reply nobody waits for any more is ignored. */
  receive({ id, kind, body }: Message): void {
    const pending = this.#requests.get(id)?.pending
    if (kind === 'error') pending?.settle(new MillraceError(body.code, body))
    else pending?.settle(undefined, body)
  }

  /** Fails a request for a reason found on this side. */
  fail(id: number, error: MillraceError): void {
    this.#requests.get(id)?.pending.settle(error)
  }

  /** Sends what `greet` asks for as one frame, ahead of everything that waits. */
  first(send: (commands: readonly Command[]) => void, greet: () => void): void {
    const waiting = this.#unsent
    this.#unsent = []
    greet()
    send(this.#unsent)
    this.#unsent = waiting
  }

  /** From now on commands are sent, those that waited first. */
  open(send: (commands: readonly Command[]) => void): void {
    this.#send = send
    this.#flush()
  }

  /** The connection is lost: every request meets its fate. */
  lost(): void {
    this.#send = undefined
    const waiting = new Set(this.#unsent)
    this.#unsent = []
    for (const { command, fate, pending } of [...this.#requests.values()]) {
      if (fate === 'again' || (fate === 'once' && waiting.has(command))) this.#unsent.push(command)
      else pending.settle(new MillraceError('connection-lost'))
    }
  }

  /** Fails everything, and what is asked from now on, until `refusal` is cleared. */
  close(error: MillraceError): void {
    this.refusal = error
    this.#send = undefined
    for (const { pending } of [...this.#requests.values()]) pending.settle(error)
    this.#unsent = []
  }

  /** The commands of one turn leave as one frame. */
  #queue(command: Command): void {
    this.#unsent.push(command)
    if (this.#send === undefined || this.#flushing) return
    this.#flushing = true
    Promise.resolve().then(() => {
      this.#flushing = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#send === undefined || this.#unsent.length === 0) return
    const commands = this.#unsent
    this.#unsent = []
    this.#send(commands)
  }
}
