/** Ways to a server that a test opens, answers and breaks; and a chooser between them. */
import type { Frame, Link, LinkEvents, Transport, TransportName, Via } from '../src/core/index.js'
import { Chooser } from '../src/fallback/index.js'
import { FakeClock, settle } from './clock.js'

/** One connection by one of the ways. */
export class FakeLink implements Link {
  readonly name: TransportName
  readonly sent: string[] = []
  buffered = 0
  closed: { readonly code: number; readonly reason: string } | undefined
  readonly #events: LinkEvents

  constructor(name: TransportName, events: LinkEvents) {
    this.name = name
    this.#events = events
  }

  sizeOf(frame: Frame): number {
    return frame.length
  }

  flushes = 0
  flush(): void {
    this.flushes++
  }

  // These stand on their own, as those of a WebSocket do.
  send = (frame: Frame): void => {
    this.sent.push(String(frame))
  }

  close = (code: number, reason: string): void => {
    this.closed ??= { code, reason }
  }

  async open(protocol = ''): Promise<this> {
    this.#events.opened(protocol)
    await settle()
    return this
  }

  async frame(frame = 'pong'): Promise<void> {
    this.#events.frame(frame)
    await settle()
  }

  /** It opens, and something comes. */
  async works(): Promise<void> {
    await this.open()
    await this.frame()
  }

  async drop(code = 1006, reason = ''): Promise<void> {
    this.#events.closed(code, reason)
    await settle()
  }
}

export class FakeWay implements Transport {
  readonly name: TransportName
  readonly links: FakeLink[] = []
  /** What opening throws. */
  throws: Error | undefined

  constructor(name: TransportName) {
    this.name = name
  }

  open(_: string, events: LinkEvents): Link {
    if (this.throws !== undefined) throw this.throws
    const link = new FakeLink(this.name, events)
    this.links.push(link)
    return link
  }

  /** The newest link. Fails the test when there is none. */
  get link(): FakeLink {
    const link = this.links.at(-1)
    if (link === undefined) throw new Error(`No link by ${this.name} was opened`)
    return link
  }
}

export interface Told {
  readonly log: string[]
  /** What became of the last close: milliseconds until the next attempt. */
  wait: number | undefined
  via: Via | undefined
  idle: boolean
  /** The application's token function, where it has one, and the token that came with the last close. */
  ask: LinkEvents['ask']
  token: string | undefined
}

/** What a client hears of its link. */
export function ears(): { readonly told: Told; readonly events: LinkEvents } {
  const told: Told = {
    ...{ log: [], wait: undefined, via: undefined, idle: true },
    ...{ ask: undefined, token: undefined },
  }
  return {
    told,
    events: {
      opened(protocol, via) {
        told.log.push(`opened ${protocol}`.trim())
        told.via = via
      },
      frame: (frame) => told.log.push(String(frame)),
      closed(code, reason, next) {
        told.log.push(`closed ${code} ${reason}`.trim())
        told.wait = next?.wait
        told.token = next?.token
      },
      idle: () => told.idle,
      get ask() {
        return told.ask
      },
    },
  }
}

export interface ChooserOptions {
  readonly names?: readonly TransportName[]
  readonly remembered?: TransportName
  readonly failed?: TransportName
}

/** A chooser, and what its client hears. */
export class ChooserWorld {
  readonly clock = new FakeClock()
  readonly ways: { readonly [N in TransportName]: FakeWay } = {
    websocket: new FakeWay('websocket'),
    stream: new FakeWay('stream'),
    poll: new FakeWay('poll'),
  }
  readonly chooser: Chooser
  readonly remembered: TransportName[] = []
  watchers = 0
  note: string | undefined
  told = ears().told
  link: Link = { buffered: 0, sizeOf: () => 0, send() {}, close() {} }
  #changed = (): void => {}
  #newest: FakeLink | undefined

  constructor({ names = ['websocket', 'stream', 'poll'], remembered, failed }: ChooserOptions = {}) {
    const transports = Object.fromEntries(names.map((name) => [name, this.ways[name]]))
    this.chooser = new Chooser({
      clock: this.clock,
      transports: { websocket: undefined, stream: undefined, poll: undefined, ...transports },
      ping: (protocol) => `ping ${protocol}`.trim(),
      remembered,
      failed,
      remember: (name) => this.remembered.push(name),
      note: () => this.note,
      watch: (changed) => {
        this.watchers++
        this.#changed = changed
        return () => {
          this.watchers--
        }
      },
    })
  }

  /** The client opens its next connection. */
  async open(): Promise<void> {
    const { told, events } = ears()
    const before = this.#all
    this.told = told
    this.link = this.chooser.open('millrace.json', events)
    this.#newest = this.#all.find((link) => !before.includes(link)) ?? this.#newest
    await settle()
  }

  /** It opens one, which works. By which way is the chooser's choice. */
  async connect(): Promise<TransportName> {
    await this.open()
    const link = this.newest
    await link.open()
    this.link.send('connect')
    await link.frame()
    return link.name
  }

  /** The link that the client's last connection opened, by whichever way. */
  get newest(): FakeLink {
    if (this.#newest === undefined) throw new Error('Nothing was opened')
    return this.#newest
  }

  get #all(): FakeLink[] {
    return Object.values(this.ways).flatMap(({ links }) => links)
  }

  /** How many links each way has opened. */
  get counts(): string {
    const { websocket, stream, poll } = this.ways
    return `websocket ${websocket.links.length}, stream ${stream.links.length}, poll ${poll.links.length}`
  }

  /** The platform reports that there may be another network. */
  async change(): Promise<void> {
    this.#changed()
    await settle()
  }
}
