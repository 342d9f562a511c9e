/**
 * The support chat's server: who may do what, and what each call does. The rules are in domain/, the channels and calls
 * in api.ts; here they meet Millrace.
 */
import { fileURLToPath } from 'node:url'
import { createServer, type HttpServerLike } from '@millrace/server'
import { type Handler, staticFiles } from '@millrace/ui/serve'
import { mayRead, mayWrite } from './access.js'
import { api } from './api.js'
import { serveCalls } from './calls.js'
import { HelpDesk } from './domain/help-desk.js'
import { sessionEndpoints } from './sessions.js'
import { memoryStore, type Store } from './store.js'
import { readToken } from './token.js'

export { fileStore, memoryStore, type Store } from './store.js'

/** Where the pages find the endpoint. */
const ENDPOINT = '/support/millrace'
const PAGES = fileURLToPath(new URL('../dist/web/', import.meta.url))

export interface SupportChatOptions {
  /** Where tickets and the secret are kept. Default: in memory, until the process ends. */
  readonly store?: Store
  /** Where conversations are kept, as a broker's URL. Default: in memory, until the process ends. */
  readonly broker?: string
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
}

export interface SupportChat {
  /** The path of the chat's endpoint. */
  readonly path: string
  /** Connects WebSockets of this HTTP server to the chat. */
  attach(server: HttpServerLike): void
  /** Answers requests for tokens, and with `serve` for pages. */
  readonly handlers: readonly Handler[]
  /** Ends every session, and saves. */
  close(): Promise<void>
}

/** Creates the chat. Attach it to an HTTP server and let that server ask its handlers. */
export function createSupportChat({
  store = memoryStore(),
  broker = 'memory:',
  now = Date.now,
}: SupportChatOptions = {}): SupportChat {
  const desk = new HelpDesk(store.tickets)
  const millrace = createServer({
    api,
    broker,
    path: ENDPOINT,
    auth: ({ token }) => readToken(store.secret, token, now()) ?? null,
  })
  millrace.channel('support:{ticket}').authorize(({ user, params, action }) => {
    const ticket = desk.get(params.ticket)
    return action === 'publish' || action === 'ephemeral' ? mayWrite(user, ticket) : mayRead(user, ticket)
  })
  millrace
    .channel('ticket:{ticket}')
    .authorize(({ user, params, action }) => action !== 'publish' && mayRead(user, desk.get(params.ticket)))
  millrace
    .channel('desk:queue')
    .authorize(({ user, action }) => action !== 'publish' && user?.role === 'agent')
  serveCalls(millrace, { desk, store, now })
  return {
    path: ENDPOINT,
    attach: (server) => millrace.attach(server),
    handlers: [sessionEndpoints(store.secret, now)],
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
