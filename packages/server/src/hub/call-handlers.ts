import {
  type Api,
  type CallDefinition,
  callTimeoutOf,
  MillraceError,
  type Payload,
  type StoredPayload,
  type Target,
} from '@millrace/protocol'
import type { CallRouter } from './call-router.js'
import { allowsCall } from './capabilities.js'
import type { IncomingCall } from './commands/services.js'
import { within } from './failures.js'
import type { Clock, MaybePromise } from './ports.js'
import type { User } from './session.js'
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

const MAX_TIMEOUT = 300_000

interface Parts {
  readonly api: Api | undefined
  readonly validator: Validator
  readonly router: CallRouter
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
    this.definition(method, (message) => new TypeError(message))
    if (this.#handlers.has(method)) throw new TypeError(`The call '${method}' has a handler already`)
    this.#handlers.set(method, handler)
  }

  relay(method: string, rule: RelayRule): void {
    this.definition(method, (message) => new TypeError(message))
    this.#relays.set(method, rule)
  }

  /** A client's call, answered by the handler or by another client. */
  async call(call: IncomingCall): Promise<StoredPayload> {
    const definition = this.definition(call.method)
    const { validator } = this.#parts
    checkCapability(call)
    const { value, payload } = await validator.arrived(call.data, {
      schema: definition.request,
      codec: definition.codec,
    })
    stillMayCall(call)
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

  /** The server's own call to a client, on whichever node: checks what goes out and what comes back. */
  async callTarget(
    target: Target,
    call: { readonly method: string; readonly request: unknown; readonly timeout?: number | undefined },
  ): Promise<unknown> {
    const { method } = call
    const definition = this.definition(method)
    const { validator, router } = this.#parts
    const { payload: data } = await validator.value(call.request, {
      schema: definition.request,
      codec: definition.codec,
    })
    const timeout = timeoutOf(definition, call.timeout)
    const answer = await router.call(target, { method, data, timeout })
    return (await validator.arrived(answer, { schema: definition.response, codec: definition.codec })).value
  }

  /** Rejects with `forbidden` unless the hook says that this caller may call that target. */
  async checkRelay({
    session,
    method,
    to = {},
  }: Pick<IncomingCall, 'session' | 'method' | 'to'>): Promise<void> {
    checkCapability({ session, method })
    const rule = this.#relays.get(method)
    const allowed =
      rule !== undefined && (await rule({ user: session.user, session: session.id, to })) === true
    stillMayCall({ session, method })
    if (allowed) return
    throw new MillraceError('forbidden', {
      message: `Not allowed: calling another client's '${method}'`,
      field: 'to',
    })
  }

  /** What the api says of a method. Throws `unknown-method`, or what `refuse` makes of the message. */
  definition(
    method: string,
    refuse = (message: string): Error => new MillraceError('unknown-method', { message, field: 'method' }),
  ): CallDefinition {
    const definition = this.find(method)
    if (definition !== undefined) return definition
    const known = Object.keys(this.#parts.api?.calls ?? {}).join(', ') || 'none'
    throw refuse(`The api has no call '${method}'; it defines: ${known}`)
  }

  /** The same, if it says anything. */
  find(method: string): CallDefinition | undefined {
    const { api } = this.#parts
    if (api === undefined) return {}
    return Object.hasOwn(api.calls, method) ? api.calls[method] : undefined
  }

  async #relayed(call: IncomingCall, definition: CallDefinition, data: Payload): Promise<StoredPayload> {
    await this.checkRelay(call)
    const { method, to = {} } = call
    const { router, validator } = this.#parts
    const answer = await router.call(to, { method, data, timeout: timeoutOf(definition, call.timeout) })
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
  #within<T>(milliseconds: number, method: string, run: () => Promise<T>): Promise<T> {
    const late = (): MillraceError =>
      new MillraceError('timeout', { message: `'${method}' took longer than ${milliseconds} ms` })
    return within({ clock: this.#parts.clock, milliseconds, late }, run)
  }
}

/** Throws `revoked` where it was taken away. [H10.5] */
const stillMayCall = ({ session, method }: Pick<IncomingCall, 'session' | 'method'>): void =>
  session.withheld?.check({ action: 'call', name: method })

/** Throws `forbidden` where the caller's token says what it may call, and does not say this. [H2.5] */
function checkCapability({ session, method }: Pick<IncomingCall, 'session' | 'method'>): void {
  stillMayCall({ session, method })
  const capabilities = session.identity?.capabilities
  if (capabilities === undefined || allowsCall(capabilities, method)) return
  throw new MillraceError('forbidden', {
    message: `Not allowed: calling '${method}': the token does not allow it`,
    field: 'method',
  })
}

/** Milliseconds that an answer may take, as the api says or as was asked. */
export function timeoutOf(definition: CallDefinition, asked: number | undefined): number {
  const most = callTimeoutOf(definition)
  return asked === undefined ? most : Math.min(asked, Math.max(most, MAX_TIMEOUT))
}
