/**
 * The support chat's server: who may do what, and what each call does. The rules are in domain/, the channels and calls
 * in api.ts; here they meet Millrace.
 */
import type { IncomingMessage } from 'node:http'
import { fileURLToPath } from 'node:url'
import { createServer, type HttpServerLike } from '@millrace/server'
import { type Handler, staticFiles } from '@millrace/ui/serve'
import { CHANNELS, may } from './access.js'
import { api, type SupportApi } from './api.js'
import { serveCalls } from './calls.js'
import { HelpDesk } from './domain/help-desk.js'
import { type Account, Agents } from './login/agents.js'
import { loginEndpoints } from './login/endpoints.js'
import { Logins } from './login/logins.js'
import { Tokens, type User } from './login/tokens.js'
import { memoryStore, type Store } from './store.js'

export { type Account, agentsFrom } from './login/agents.js'
export { fileStore, memoryStore, type Store } from './store.js'

/** Where the pages find the endpoint. */
const ENDPOINT = '/support/millrace'
const PAGES = fileURLToPath(new URL('../dist/web/', import.meta.url))

export interface SupportChatOptions {
  /** Where tickets and the secret are kept. Default: in memory, until the process ends. */
  readonly store?: Store
  /** Where conversations are kept, as a broker's URL. Default: in memory, until the process ends. */
  readonly broker?: string
  /** Who may log in at the desk. Default: two agents for demonstration, whose passwords the login page tells everybody. */
  readonly agents?: readonly Account[] | undefined
  /**
   * The address a request comes from, for which failed logins are counted. Default: the connection's. Behind a proxy that is the proxy's, for
   * everybody: then read what your proxy says.
   */
  readonly addressOf?: (request: IncomingMessage) => string
  /** How long an access token holds, in milliseconds. Default 15 minutes. */
  readonly tokenLife?: number
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
}

export interface SupportChat {
  /** The path of the chat's endpoint. */
  readonly path: string
  /** Connects WebSockets of this HTTP server to the chat. */
  attach(server: HttpServerLike): void
  /** Answers requests for logins and tokens. */
  readonly handlers: readonly Handler[]
  /** Ends every session, and saves. */
  close(): Promise<void>
}

/** Creates the chat. Attach it to an HTTP server and let that server ask its handlers. */
export function createSupportChat(options: SupportChatOptions = {}): SupportChat {
  const { store = memoryStore(), broker = 'memory:', now = Date.now, tokenLife } = options
  const { addressOf = ({ socket }) => socket.remoteAddress ?? '' } = options
  const desk = new HelpDesk(store.tickets)
  const agents = new Agents(options.agents)
  const tokens = new Tokens({ secret: store.secret, now, tokenLife })
  const millrace = createServer<SupportApi, User>({
    ...{ api, broker, path: ENDPOINT, auth: (request) => tokens.identify(request) },
    // People type. What is faster than that is no chat; a page that was away for long may have much to say at once.
    rates: { messages: { perSecond: 20, burst: 300 }, requests: { perSecond: 20, burst: 300 } },
    limits: { connectionsPerUser: 20 },
  })
  for (const pattern of ['support:{ticket}', 'ticket:{ticket}'] as const)
    millrace
      .channel(pattern)
      .authorize(({ user, params, action }) =>
        may(CHANNELS[pattern][action], user, { ticket: desk.get(params.ticket) }),
      )
  millrace.channel('desk:queue').authorize(({ user, action }) => may(CHANNELS['desk:queue'][action], user))
  const logins = new Logins((what, terms) => millrace.revoke(what, terms), now)
  serveCalls(millrace, { desk, store, agents, logins, now })
  return {
    path: ENDPOINT,
    attach: (server) => millrace.attach(server),
    handlers: [loginEndpoints({ tokens, logins, agents, now, addressOf })],
    async close() {
      await millrace.close()
      store.close()
    },
  }
}

/** The pages, as their bundle was built. The shop finds its products' pages by itself. */
export const supportChatPages = (): Handler =>
  staticFiles({
    folder: PAGES,
    base: '/support/',
    pageFor: (path) => (/^\/support\/products\/[a-z-]+$/.test(path) ? 'index.html' : undefined),
  })
