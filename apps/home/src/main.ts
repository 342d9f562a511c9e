/** What `npm start` runs: the home page and the applications, on one port. */
import { randomUUID } from 'node:crypto'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { DEFAULT_PATH } from '@millrace/protocol'
import { createServer } from '@millrace/server'
import { agentsFrom, createSupportChat, fileStore, supportChatPages } from '@millrace/support-chat'
import { createSite, listen, refuseOtherUpgrades, staticFiles, stopListening } from '@millrace/ui/serve'
import { api } from './api.js'

export interface StartOptions {
  readonly port: number
  readonly host: string
  /** The folder where applications keep what outlives a restart. */
  readonly data: string
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
 * Starts everything. Rejects with the system's error when it cannot listen, `EADDRINUSE` for a taken port, and with an Error that says what is
 * wrong with the file of agents.
 */
export async function start({ port, host, data, agents }: StartOptions): Promise<Running> {
  const accounts = agents === undefined ? undefined : agentsFrom(agents)
  const wheel = createServer({ api, auth: () => ({ id: randomUUID() }) })
  const support = createSupportChat({
    store: fileStore(join(data, 'support-chat.jsonl')),
    broker: diskBroker(join(data, 'support-chat')),
    agents: accounts,
  })
  const site = createSite([
    ...support.handlers,
    supportChatPages(),
    staticFiles({ folder: PAGES, base: '/' }),
  ])
  const chosen = await listen(site, { port, host })
  wheel.attach(site)
  support.attach(site)
  refuseOtherUpgrades(site, [DEFAULT_PATH, support.path])
  return {
    port: chosen,
    async close() {
      const stopped = stopListening(site)
      await Promise.all([wheel.close(), support.close()])
      site.closeIdleConnections()
      await stopped
    },
  }
}
