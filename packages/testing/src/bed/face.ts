import type { Api } from '@millrace/protocol'
import type { ChannelRules, MillraceServer, ServerEvents, User } from '@millrace/server'
import type { Registration } from './node.js'
import { TestbedError } from './troubles.js'
import type { Work } from './work.js'

type OwnServer = MillraceServer<Api, User>
type Listener<E extends keyof ServerEvents<User>> = (...args: ServerEvents<User>[E]) => void
// What an application registers, whatever its types: the server checks it at run time.
type Callback = (...args: never[]) => unknown

export interface FaceParts {
  readonly work: Work
  /** Registers something with the servers that this stands for; the function returned takes it back. */
  readonly register: (registration: Registration) => () => void
  /** Asks the one of them that answers. */
  readonly ask: <T>(question: (server: OwnServer) => T) => T
  readonly close: () => Promise<void>
}

/** A server as the application sees it, though it may be several, or die and come back. The application's own work is known. */
export class Face implements OwnServer {
  readonly #parts: FaceParts

  constructor(parts: FaceParts) {
    this.#parts = parts
  }

  channel(pattern: string): ChannelRules<never, User> {
    // Tells at once when there is no such pattern.
    this.#parts.ask((server) => server.channel(pattern as never))
    const rules: ChannelRules<never, User> = {
      authorize: (hook) => {
        const watched = this.#watched(`the authorize hook of '${pattern}'`, hook)
        this.#parts.register((server) => {
          server.channel(pattern as never).authorize(watched)
          return undefined
        })
        return rules
      },
    }
    return rules
  }

  handle(method: string, handler: Callback): void {
    const watched = this.#watched(`the handler of '${method}'`, handler)
    this.#parts.register((server) => {
      server.handle(method, watched as never)
      return undefined
    })
  }

  relay(method: string, hook: Callback): void {
    const watched = this.#watched(`the relay hook of '${method}'`, hook)
    this.#parts.register((server) => {
      server.relay(method, watched as never)
      return undefined
    })
  }

  on<E extends keyof ServerEvents<User>>(event: E, listener: Listener<E>): () => void {
    return this.#parts.register((server) => server.on(event, listener))
  }

  async publish(...args: Parameters<OwnServer['publish']>): ReturnType<OwnServer['publish']> {
    return this.#parts.ask((server) => server.publish(...args))
  }

  async remove(...args: Parameters<OwnServer['remove']>): ReturnType<OwnServer['remove']> {
    return this.#parts.ask((server) => server.remove(...args))
  }

  stats(): ReturnType<OwnServer['stats']> {
    return this.#parts.ask((server) => server.stats())
  }

  async sendEphemeral(...args: Parameters<OwnServer['sendEphemeral']>): Promise<void> {
    return this.#parts.ask((server) => server.sendEphemeral(...args))
  }

  async history(...args: Parameters<OwnServer['history']>): Promise<never> {
    return this.#parts.ask((server) => server.history(...args)) as Promise<never>
  }

  async presence(...args: Parameters<OwnServer['presence']>): Promise<never> {
    return this.#parts.ask((server) => server.presence(...args)) as Promise<never>
  }

  revoke(...args: Parameters<OwnServer['revoke']>): ReturnType<OwnServer['revoke']> {
    return this.#parts.ask((server) => server.revoke(...args))
  }

  ticket(...args: Parameters<OwnServer['ticket']>): ReturnType<OwnServer['ticket']> {
    return this.#parts.ask((server) => server.ticket(...args))
  }

  user(id: string): ReturnType<OwnServer['user']> {
    return this.#each((server) => {
      const peers = server.user(id)
      // The answer, too, ends with the process.
      const command: typeof peers.command = async (...args) => {
        const stored = await peers.command(...args)
        const answer = this.#parts.ask(() => stored.answer)
        answer.catch(() => {})
        return { ...stored, answer }
      }
      return { ...peers, command }
    })
  }

  session(id: string): ReturnType<OwnServer['session']> {
    return this.#each((server) => server.session(id))
  }

  attach(): void {
    throw noSockets()
  }

  listen(): Promise<never> {
    return Promise.reject(noSockets())
  }

  reloadTls(): Promise<never> {
    return Promise.reject(noSockets())
  }

  close(): Promise<void> {
    return this.#parts.close()
  }

  /** What the server that answers then has, asked anew with each call of one of its methods. */
  #each<T extends object>(find: (server: OwnServer) => T): T {
    const { ask } = this.#parts
    const method =
      (name: string | symbol) =>
      (...args: unknown[]): unknown =>
        ask((server) => {
          const found = find(server)
          return Reflect.apply(Reflect.get(found, name) as (...args: unknown[]) => unknown, found, args)
        })
    return new Proxy(ask(find), {
      get: (target, name) => {
        const own = Reflect.get(target, name)
        return typeof own === 'function' ? method(name) : own
      },
    })
  }

  #watched<F extends Callback>(what: string, run: F): F {
    return this.#parts.work.watched(what, run as unknown as (...args: unknown[]) => unknown) as unknown as F
  }
}

const noSockets = (): TestbedError =>
  new TestbedError(
    'A testbed has no sockets: its server neither attaches nor listens, and client() makes its clients',
  )
