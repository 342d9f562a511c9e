import {
  type CallDefinition,
  MillraceError,
  type Payload,
  type Publisher,
  type StoredPayload,
  waitOf,
} from '@millrace/protocol'
import { type CallHandlers, timeoutOf } from './call-handlers.js'
import type { IncomingCommand } from './commands/services.js'
import { tellable } from './failures.js'
import type { Random } from './ports.js'
import type { Session } from './session.js'
import type { Validator } from './validation.js'
import type { Queues } from './waiting/queues.js'
import type { Accepted } from './waiting/waiters.js'

export interface DeviceCommandsParts {
  readonly handlers: CallHandlers
  readonly queues: Queues
  readonly validator: Validator
  readonly random: Random
  failed(what: string, error: unknown): void
}

/** What the application asks of a user's device, whenever it is there. */
export interface CommandRequest {
  readonly method: string
  readonly request: unknown
  /** Milliseconds for which it may wait. Default: the most that the call allows. */
  readonly ttl?: number | undefined
  readonly key?: string | undefined
  readonly id?: string | undefined
  /** Milliseconds the device may take to answer. */
  readonly timeout?: number | undefined
}

/** A command that waits for its user, or is under way there. */
export interface PendingCommand {
  readonly id: string
  readonly method: string
  readonly request: unknown
  readonly key: string | undefined
  /** When it was asked, and from when on it is not begun any more: milliseconds since 1970. */
  readonly asked: number
  readonly expires: number
  /** The client that asked; undefined where the server did. */
  readonly by: Publisher | undefined
  readonly state: 'waiting' | 'running'
}

/** Calls that wait for their users: checked against the api on the way in and on the way back. [H5.6] */
export class DeviceCommands {
  readonly #parts: DeviceCommandsParts

  constructor(parts: DeviceCommandsParts) {
    this.#parts = parts
  }

  /** The application's command. Resolves when it is stored. */
  async ask(
    user: string,
    call: CommandRequest,
  ): Promise<{ readonly id: string; readonly answer: Promise<unknown> }> {
    const { handlers, validator } = this.#parts
    const definition = handlers.definition(call.method)
    const { payload } = await validator.value(call.request, {
      schema: definition.request,
      codec: definition.codec,
    })
    const accepted = await this.#accept({ ...call, user, data: payload, by: undefined }, definition)
    const answer = accepted.answer.then(async (data) => (await this.#answer(data, definition)).value)
    // Who only wanted it stored need not look at how it ends.
    answer.catch(() => {})
    return { id: accepted.id, answer }
  }

  /** A client's command. Resolves when it is stored; the answer rejects with MillraceErrors only. */
  async relay(call: IncomingCommand): Promise<{ readonly answer: Promise<StoredPayload> }> {
    const { handlers, validator } = this.#parts
    const { session, to } = call
    const definition = handlers.definition(call.method)
    const { payload } = await validator.arrived(call.data, {
      schema: definition.request,
      codec: definition.codec,
    })
    if (to?.user === undefined || to.session !== undefined)
      throw new MillraceError('not-available', {
        message: 'Only a call to a user can wait: sessions come and go',
        field: 'to',
      })
    await handlers.checkRelay(call)
    const by = { session: session.id, user: session.user?.id }
    const accepted = await this.#accept({ ...call, user: to.user, data: payload, by }, definition, session)
    const answer = accepted.answer
      .then(async (data) => (await this.#answer(data, definition)).payload)
      .catch((error: unknown) => {
        throw tellable(error, (fault) => this.#parts.failed(`the answer to '${call.method}'`, fault))
      })
    answer.catch(() => {})
    return { answer }
  }

  /** What waits for a user or is under way, in order, with requests decoded. */
  async list(user: string): Promise<readonly PendingCommand[]> {
    const { handlers, queues, validator } = this.#parts
    const waiting = await queues.list(user)
    return waiting.map(({ id, method, data, key, asked, expires, by, taken }) => {
      // It may have been asked by another version of the application.
      const codec = handlers.find(method)?.codec ?? data.codec
      const request = validator.read(data, { schema: undefined, codec })
      const state = taken === undefined ? 'waiting' : 'running'
      return { id, method, request, key, asked, expires, by, state }
    })
  }

  /** True when it waited, and now ends as `aborted`; false when it is under way, over, or unknown. */
  cancel(user: string, id: string): Promise<boolean> {
    return this.#parts.queues.cancel(user, id)
  }

  #accept(
    call: Omit<CommandRequest, 'request'> & {
      readonly user: string
      readonly data: StoredPayload
      readonly by: Publisher | undefined
    },
    definition: CallDefinition,
    session?: Session,
  ): Promise<Accepted> {
    const { user, method, data, key, by, id = this.#parts.random.id() } = call
    const wait = waitOf(definition)
    if (wait === undefined)
      throw new MillraceError('not-available', {
        message: `'${method}' does not wait for anybody: give it wait: { ttl, size } in the api`,
        field: 'ttl',
      })
    const { ttl = wait.ttl } = call
    if (ttl < 1 || ttl > wait.ttl)
      throw new MillraceError('limit-exceeded', {
        message: `'${method}' waits for at least 1 ms and at most ${wait.ttl}, not ${ttl}: see wait.ttl in the api`,
        field: 'ttl',
      })
    const timeout = timeoutOf(definition, call.timeout)
    return this.#parts.queues.ask(user, { id, method, data, key, timeout, by, ttl, most: wait.size }, session)
  }

  async #answer(
    data: Payload,
    { response: schema, codec }: CallDefinition,
  ): Promise<{ readonly value: unknown; readonly payload: StoredPayload }> {
    return this.#parts.validator.arrived(data, { schema, codec })
  }
}
