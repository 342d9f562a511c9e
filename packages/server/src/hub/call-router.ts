import { MillraceError, type Payload, type Target } from '@millrace/protocol'
import type { ClientCalls } from './calls.js'
import { type Cluster, silence } from './cluster/cluster.js'
import type { CallOfClient, Found } from './cluster/messages.js'
import type { Directory } from './directory.js'
import { within } from './failures.js'
import type { Clock } from './ports.js'
import { readPayload, type WrittenPayload, writePayload } from './written-payload.js'

export interface CallRouterParts {
  readonly directory: Directory
  readonly calls: ClientCalls
  readonly cluster: Cluster
  readonly clock: Clock
}

export interface RoutedCall {
  readonly method: string
  readonly data: Payload
  /** Milliseconds until its caller is told, whatever happens. */
  readonly timeout: number
}

/** A node that says nothing for so long when it is asked for a session is silent. Milliseconds. */
const FIND_WITHIN = 1000
/** So many of a call's milliseconds are kept for the way back, so that a node can say itself that its client did not answer. */
const WAY_BACK = 100

/** Calls to clients, on whichever node they are. One call is passed to one session, once. [H5.5] */
export class CallRouter {
  readonly #parts: CallRouterParts

  constructor(parts: CallRouterParts) {
    this.#parts = parts
    parts.cluster.answer('find', (target) => this.#found(target))
    parts.cluster.answer('call', (call) => this.#carryOut(call))
  }

  /**
   * Calls the session, or the user's session that connected last; one on this node is preferred. Rejects with `no-such-target` when there
   * is none, with `timeout`, which names the nodes that were silent, with `connection-lost` when the session ends first, or with the
   * error the client answered.
   */
  call(target: Target, call: RoutedCall): Promise<Payload> {
    const { directory, calls, clock } = this.#parts
    const session = directory.find(target)
    if (session !== undefined) return calls.call(session, call)
    if (target.session === undefined && target.user === undefined) return Promise.reject(noSuchTarget(target))
    const { method, timeout } = call
    const late = (): MillraceError =>
      new MillraceError('timeout', { message: `No answer to '${method}' within ${timeout} ms` })
    return within({ clock, milliseconds: timeout, late }, () => this.#elsewhere(target, call))
  }

  async #elsewhere(target: Target, { method, data, timeout }: RoutedCall): Promise<Payload> {
    const { cluster, clock } = this.#parts
    const deadline = clock.now() + timeout
    const { node, session } = await this.#locate(target, Math.min(FIND_WITHIN, timeout - 1))
    const left = Math.max(1, deadline - clock.now())
    const call = { session, method, data: writePayload(data), timeout: Math.max(1, left - WAY_BACK) }
    return readPayload(await cluster.ask(node, 'call', { body: call, within: Math.max(1, left - 1) }))
  }

  async #locate(
    target: Target,
    milliseconds: number,
  ): Promise<{ readonly node: string; readonly session: string }> {
    // There is one session of a name; of a user's the latest is meant, so all nodes have their say.
    const enough = (found: Found | null): boolean => target.session !== undefined && found !== null
    const { answers, silent } = await this.#parts.cluster.askAll('find', target, {
      within: milliseconds,
      enough,
    })
    const [latest] = answers
      .flatMap(({ node, answer }) => (answer === null ? [] : [{ node, ...answer }]))
      .sort((a, b) => b.since - a.since)
    if (latest !== undefined) return latest
    if (silent.length > 0) throw silence(silent, milliseconds)
    throw noSuchTarget(target)
  }

  #found(target: Target): Found | null {
    const { directory } = this.#parts
    const session = directory.find(target)
    return session === undefined ? null : { session: session.id, since: directory.since(session) }
  }

  async #carryOut({ session: id, method, data, timeout }: CallOfClient): Promise<WrittenPayload> {
    const { directory, calls } = this.#parts
    const session = directory.session(id)
    if (session === undefined) throw new MillraceError('connection-lost')
    return writePayload(await calls.call(session, { method, data: readPayload(data), timeout }))
  }
}

function noSuchTarget({ session, user }: Target): MillraceError {
  const who =
    session !== undefined ? `session '${session}'` : user !== undefined ? `user '${user}'` : 'nobody'
  return new MillraceError('no-such-target', { message: `Not connected: ${who}`, field: 'to' })
}
