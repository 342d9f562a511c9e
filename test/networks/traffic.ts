import type { Page } from 'playwright-core'
import type { Network } from './paths.js'

type Transport = Network['ends']

/** How a page is connected, seen from its browser: which connections it opened, of how many transports. */
export class Traffic {
  readonly #page: Page
  readonly #opened = { websocket: 0, stream: 0, poll: 0 }

  constructor(page: Page) {
    this.#page = page
    // One that carries nothing is none.
    page.on('websocket', (socket) => socket.once('framereceived', () => this.#opened.websocket++))
    page.on('request', (request) => {
      const [, kind] = /\/millrace\/(stream|poll)$/.exec(request.url()) ?? []
      if (kind !== undefined) this.#opened[kind as Transport]++
    })
  }

  /** How many connections, or polls, there have been by this transport. */
  opened(transport: Transport): number {
    return this.#opened[transport]
  }

  /** By what the page is connected: what the client found to work last, where it had to look for something. */
  async transport(): Promise<Transport | undefined> {
    const remembered = await this.#page.evaluate(() =>
      Object.entries(sessionStorage).find(([key]) => key.startsWith('millrace.transport ')),
    )
    const found = remembered?.[1] as Transport | undefined
    return found ?? (this.#opened.websocket > 0 ? 'websocket' : undefined)
  }
}
