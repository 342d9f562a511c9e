import type { ClientState, Via } from '../core/index.js'
import { Notices } from './notices.js'
import { fill } from './parts.js'
import { type BannerTexts, inWords } from './words.js'

/** What the banner needs of a client: every client of `createClient` has it. */
export interface BannerClient {
  readonly state: ClientState
  readonly transport: Via | undefined
  on(event: 'state', listener: () => void): () => void
  connect(): Promise<void>
}

/** `<millrace-banner>`: says how the connection is when that is worth saying, and is empty when it is not. */
export interface BannerElement extends HTMLElement {
  /** Whose connection is shown. May be set at any time, and to another. It is listened to while the element is in the document. */
  client: BannerClient | undefined
  /** Texts in place of the English ones; those left out stay. Set a new object to change them. */
  texts: Partial<BannerTexts>
  /** How long a trouble must last before it is shown, in milliseconds. Default 1,000. Throws a TypeError when it is no such number. */
  delay: number
}

/** Makes a class for one name of element: a class can have no second. There is none before this, because servers have no HTMLElement. */
// budget: a class, which stands in a function only because of servers
export function bannerClass(): new () => BannerElement {
  return class extends HTMLElement implements BannerElement {
    readonly #show = fill(this.attachShadow({ mode: 'open' }), () => this.#pressed())
    #client: BannerClient | undefined
    #texts: Partial<BannerTexts> = {}
    #delay = 1000
    #notices = new Notices()
    #unlisten: (() => void) | undefined
    #timer: ReturnType<typeof setTimeout> | undefined

    constructor() {
      super()
      // What was set before the element was defined hides the properties below, until it is taken away and set anew.
      const early = { ...this }
      for (const name in early) Reflect.deleteProperty(this, name)
      Object.assign(this, early)
    }

    get client(): BannerClient | undefined {
      return this.#client
    }
    set client(client) {
      if (client === this.#client) return
      this.#client = client
      this.#listen()
    }

    get texts(): Partial<BannerTexts> {
      return this.#texts
    }
    set texts(texts) {
      this.#texts = texts ?? {}
      this.#renderIn(0)
    }

    get delay(): number {
      return this.#delay
    }
    set delay(delay) {
      if (!(delay >= 0)) throw new TypeError(`delay must be milliseconds, not ${delay}`)
      this.#delay = delay
      this.#renderIn(0)
    }

    connectedCallback(): void {
      this.#listen()
    }
    disconnectedCallback(): void {
      this.#listen()
    }

    /** Begins anew with what the client's state says: what happened unheard is not known. */
    #listen(): void {
      this.#unlisten?.()
      this.#notices = new Notices()
      this.#unlisten = this.isConnected ? this.#client?.on('state', () => this.#renderIn(0)) : undefined
      this.#renderIn(0)
    }

    #pressed(): void {
      if (!this.#client) return
      this.#notices.press(this.#client.state)
      // How it goes is shown by the states that follow.
      this.#client.connect().catch(() => {})
      this.#renderIn(0)
    }

    /** Never at once: a client may pass through several states in one turn. */
    #renderIn(milliseconds: number): void {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#render(), milliseconds)
    }

    #render(): void {
      const client = this.isConnected ? this.#client : undefined
      const look = client && this.#notices.look(client.state, Date.now(), this.#delay)
      this.#show(look?.notice && inWords(look.notice, client?.transport, this.#texts))
      if (look && look.again < Number.POSITIVE_INFINITY) this.#renderIn(look.again)
    }
  }
}
