import {
  type Api,
  type CallDefinition,
  MillraceError,
  milliseconds,
  type Payload,
  type StoredPayload,
  type Target,
} from '@millrace/protocol'
import type { ClientCalls } from './calls.js'
import type { IncomingCall } from './commands/services.js'
import type { Directory } from './directory.js'
import type { Clock, MaybePromise } from './ports.js'
import type { Session, User } from './session.js'
import type { Validator } from './validation.js'

/** What a handler is given. */
export interface CallContext {
  readonly request: unknown
  readonly user: User | undefined
  readonly session: string
}
export type CallHandler = (context: CallContext) => MaybePromise<unknown>

/** Whether this caller may call that target directly. */
export type RelayRule = (context: {
  readonly user: User | undefined
  readonly session: string
  readonly to: Target
}) => MaybePromise<boolean>

const DEFAULT_TIMEOUT = 10_000
const MAX_TIMEOUT = 300_000

interface Parts {
  readonly api: Api | undefined
  readonly validator: Validator
  readonly directory: Directory
  readonly calls: ClientCalls
  readonly clock: Clock
}

/** The application's call handlers, and the passing on of calls from one client to another. */
export class CallHandlers {
  readonly #parts: Parts
  readonly #handlers = new Map<string, CallHandler>()
  readonly #relays = new Map<string, RelayRule>()

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Throws a TypeError for a method the api does not define or that has a handler already. */
  handle(method: string, handler: CallHandler): void {
    this.#definition(method, (message) => new TypeError(message))
    if (this.#handlers.has(method)) throw new TypeError(`The call '${method}' has a handler already`)
    this.#handlers.set(method, handler)
  }

  relay(method: string, rule: RelayRule): void {
    this.#definition(method, (message) => new TypeError(message))
    this.#relays.set(method, rule)
  }

  /** A client's call, answered by the handler or by another client. */
  async call(call: IncomingCall): Promise<StoredPayload> {
    const definition = this.#definition(
      call.method,
      (message) => new MillraceError('unknown-method', { message, field: 'method' }),
    )
    const { validator } = this.#parts
    const { value, payload } = await validator.arrived(call.data, {
      schema: definition.request,
      codec: definition.codec,
    })
    if (call.to !== undefined) return this.#relayed(call, definition, payload)
    const handler = this.#handlers.get(call.method)
    if (handler === undefined) {
      throw new MillraceError('unknown-method', {
        message: `The server does not handle '${call.method}'`,
        field: 'method',
      })
    }
    const { id, user } = call.session
    const deadline = timeoutOf(definition, call.timeout)
    const response = await this.#within(deadline, call.method, async () =>
      handler({ request: value, user, session: id }),
    )
    return (await this.#response(response, definition, call.method)).payload
  }

  /** The server's own call to a client: checks what goes out and what comes back. */
  async callClient(
    session: Session,
    call: { readonly method: string; readonly request: unknown; readonly timeout?: number | undefined },
  ): Promise<unknown> {
    const definition = this.#definition(
      call.method,
      (message) => new MillraceError('unknown-method', { message }),
    )
    const { validator, calls } = this.#parts
    const { payload } = await validator.value(call.request, {
      schema: definition.request,
      codec: definition.codec,
    })
    const timeout = timeoutOf(definition, call.timeout)
    const answer = await calls.call(session, { method: call.method, data: payload, timeout })
    return (await validator.arrived(answer, { schema: definition.response, codec: definition.codec })).value
  }

  async #relayed(call: IncomingCall, definition: CallDefinition, data: Payload): Promise<StoredPayload> {
    const { session, method, to = {} } = call
    const rule = this.#relays.get(method)
    if (rule === undefined || (await rule({ user: session.user, session: session.id, to })) !== true) {
      throw new MillraceError('forbidden', {
        message: `Not allowed: calling another client's '${method}'`,
        field: 'to',
      })
    }
    const { directory, calls, validator } = this.#parts
    const target =
      to.session !== undefined
        ? directory.session(to.session)
        : to.user === undefined
          ? undefined
          : directory.ofUser(to.user).at(-1)
    if (target === undefined) throw new MillraceError('no-such-target', { field: 'to' })
    const answer = await calls.call(target, { method, data, timeout: timeoutOf(definition, call.timeout) })
    return (await validator.arrived(answer, { schema: definition.response, codec: definition.codec })).payload
  }

  async #response(
    value: unknown,
    definition: CallDefinition,
    method: string,
  ): Promise<{ payload: StoredPayload }> {
    try {
      return await this.#parts.validator.value(value, {
        schema: definition.response,
        codec: definition.codec,
      })
    } catch (error) {
      // The caller did nothing wrong: the handler's answer broke the api, which is for the server's log.
      throw new Error(`The handler of '${method}' answered what the api does not allow`, { cause: error })
    }
  }

  /** A handler that does not answer in time must not leave its caller waiting. */
  #within<T>(timeout: number, method: string, run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.schedule(timeout, () =>
        reject(new MillraceError('timeout', { message: `'${method}' took longer than ${timeout} ms` })),
      )
      run().then(resolve, reject).finally(cancel)
    })
  }

  #definition(method: string, refuse: (message: string) => Error): CallDefinition {
    const { api } = this.#parts
    if (api === undefined) return {}
    const definition = Object.hasOwn(api.calls, method) ? api.calls[method] : undefined
    if (definition !== undefined) return definition
    const known = Object.keys(api.calls).join(', ') || 'none'
    throw refuse(`The api has no call '${method}'; it defines: ${known}`)
  }
}

function timeoutOf(definition: CallDefinition, asked: number | undefined): number {
  const most =
    definition.timeout === undefined ? DEFAULT_TIMEOUT : milliseconds(definition.timeout, 'timeout')
  return asked === undefined ? most : Math.min(asked, Math.max(most, MAX_TIMEOUT))
}
