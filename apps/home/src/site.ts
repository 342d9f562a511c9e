/** The HTTP server that carries everything, with TLS or without. */
import { consoleLogger, createTlsServer, type HttpServerLike, type TlsOptions } from '@millrace/server'
import { answerWith, createSite, type Handler, stopListening } from '@millrace/ui/serve'

export interface Site {
  readonly server: HttpServerLike
  /** Stops listening, ends what is on it, and resolves when the last connection has ended. */
  close(end: () => Promise<unknown>): Promise<void>
}

/** Nothing listens yet. Rejects with what is wrong with the certificate or its key. */
export async function makeSite(handlers: readonly Handler[], tls: TlsOptions | undefined): Promise<Site> {
  if (tls === undefined) return plainSite(handlers)
  const logger = consoleLogger('info')
  const { server, close } = await createTlsServer(tls, answerWith(handlers), { logger })
  return {
    server,
    async close(end) {
      await end()
      await close()
    },
  }
}

function plainSite(handlers: readonly Handler[]): Site {
  const server = createSite(handlers)
  return {
    server,
    async close(end) {
      const stopped = stopListening(server)
      await end()
      server.closeIdleConnections()
      await stopped
    },
  }
}
