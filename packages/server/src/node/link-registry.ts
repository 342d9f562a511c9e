import type { WebSocketLink } from './websocket-link.js'

/** The links of a server, from their handshake until they have told their end. */
export class LinkRegistry {
  readonly #links = new Set<WebSocketLink>()
  #waiting: (() => void)[] = []

  get all(): ReadonlySet<WebSocketLink> {
    return this.#links
  }

  add(link: WebSocketLink): void {
    this.#links.add(link)
  }

  delete(link: WebSocketLink): void {
    this.#links.delete(link)
    if (this.#links.size > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const resolve of waiting) resolve()
  }

  /** Resolves when no link is left. */
  whenEmpty(): Promise<void> {
    if (this.#links.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
