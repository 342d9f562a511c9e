/** What `npm start` runs: the home page and the applications, on one port. */
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DEFAULT_PATH } from '@millrace/protocol'
import { createServer, type TlsOptions } from '@millrace/server'
import { agentsFrom, createSupportChat, fileStore, supportChatPages } from '@millrace/support-chat'
import { listen, refuseOtherUpgrades, staticFiles } from '@millrace/ui/serve'
import { api } from './api.js'
import { makeSite } from './site.js'

export interface StartOptions {
  readonly port: number
  readonly host: string
  /** The folder where applications keep what outlives a restart. */
  readonly data: string
  /** Serves over TLS with this certificate. Default: plain HTTP. */
  readonly tls?: TlsOptions | undefined
  /** The file with the support desk's agents. Default: two for demonstration. */
  readonly agents?: string | undefined
}

export interface Running {
  /** The port that was chosen, when 0 was asked for. */
  readonly port: number
  close(): Promise<void>
}

const PAGES = fileURLToPath(new URL('../dist/web/', import.meta.url))

/** The URL of the durable store in this folder. */
const diskBroker = (folder: string): string => `disk:${pathToFileURL(resolve(folder)).pathname}`

/**
 * Starts everything. Rejects with the system's error when it cannot listen, `EADDRINUSE` for a taken port, and with an Error that says what is wrong with a
 * certificate, or with the file of agents.
 */
export async function start({ port, host, data, tls, agents }: StartOptions): Promise<Running> {
  const accounts = agents === undefined ? undefined : agentsFrom(agents)
  const wheel = createServer({ api, auth: () => ({ id: randomUUID() }) })
  const support = createSupportChat({
    store: fileStore(join(data, 'support-chat.jsonl')),
    broker: diskBroker(join(data, 'support-chat')),
    agents: accounts,
  })
  const site = await makeSite(
    [...support.handlers, supportChatPages(), staticFiles({ folder: PAGES, base: '/' })],
    tls,
  )
  const chosen = await listen(site.server, { port, host })
  wheel.attach(site.server)
  support.attach(site.server)
  refuseOtherUpgrades(site.server, [DEFAULT_PATH, support.path])
  return {
    port: chosen,
    close: () => site.close(() => Promise.all([wheel.close(), support.close()])),
  }
}
