import type { Channel, CoreClient, CoreOptions, PlatformEvent, TransportName } from '@millrace/client/core'
import { type Api, MillraceError } from '@millrace/protocol'
import { binary, type Host, type Rng, type Timeline } from '@millrace/testing/parts'
import { aboutOf, api } from './api.js'
import { Page } from './page.js'
import type { Path } from './path.js'
import { type Ask, type Attempt, Reader } from './reader.js'
import type { Transcript } from './transcript.js'

export interface PersonParts {
  readonly name: string
  readonly timeline: Timeline
  readonly rng: Rng
  /** The network between this person and the nodes. */
  readonly path: Path
  /** Whether its client may use other transports than WebSockets. */
  readonly hasAllTransports: boolean
  readonly transcripts: Transcript[]
  readonly failed: (message: string, error: unknown) => void
}

interface Role {
  readonly isMember: boolean
  readonly isWatcher: boolean
}

const PUBLISH_TIMEOUT = 20_000
const CALL_TIMEOUT = 5000

/** A user with one page open: its client, its readers, and what it wrote. */
export class Person {
  readonly name: string
  readonly readers = new Map<string, Reader>()
  /** By channel, the sessions of those that this person sees there. */
  readonly shown = new Map<string, readonly string[]>()
  /** The sessions that this page has had. */
  sessions = new Set<string>()
  readonly attempts: Attempt[] = []
  readonly asks: Ask[] = []
  readonly path: Path
  readonly hasAllTransports: boolean
  /** By which transport each of its connections was opened. */
  readonly transports: TransportName[] = []
  readonly #parts: PersonParts
  readonly #options: CoreOptions<Api>
  readonly #rooms = new Map<string, Channel>()
  readonly #roles = new Map<string, Role>()
  #page: Page
  /** The transport that worked last. */
  readonly #memory: { name: TransportName | undefined } = { name: undefined }
  #isOnline = true
  #written = 0
  #pages = 0

  constructor(parts: PersonParts) {
    this.#parts = parts
    this.name = parts.name
    this.path = parts.path
    this.hasAllTransports = parts.hasAllTransports
    this.#options = { api, ...(parts.rng.chance(0.5) && { dialect: binary }) }
    this.#page = this.#newPage()
  }

  get host(): Host {
    return this.#page.host
  }

  get client(): CoreClient {
    return this.#page.client
  }

  /** How its channels stand. */
  get standing(): string {
    return [...this.#rooms].map(([channel, { state }]) => `${channel} ${state.name}`).join(', ')
  }

  /** Of a state: the offsets of the values that this page has, by what they are about. */
  valuesOf(channel: string): ReadonlyMap<string, number> {
    const values = this.#rooms.get(channel)?.values ?? new Map()
    return new Map([...values].map(([about, { offset }]) => [about, offset]))
  }

  get isSettled(): boolean {
    const rooms = [...this.#rooms.values()]
    if (rooms.length === 0) return true
    return this.#isConnected && rooms.every(({ state }) => state.name === 'subscribed')
  }

  /** Whether it has ever had a reason to connect. */
  get isUsed(): boolean {
    return this.client.state.name !== 'closed'
  }

  /** Who polls is never better than degraded: it is slow. */
  get #isConnected(): boolean {
    const { state, transport } = this.client
    return state.name === 'connected' || (state.name === 'degraded' && transport?.name === 'poll')
  }

  /** Follows a channel, from a position kept from an earlier life if there is one. */
  follow(channel: string, isKept = false): void {
    const before = isKept ? this.readers.get(channel) : undefined
    const since = before && this.#rooms.get(channel)?.position
    const { isMember, isWatcher } = this.#roleIn(channel)
    const reader = since && before ? before : new Reader(this.name, channel)
    if (reader !== before) this.retire(channel)
    this.readers.set(channel, reader)
    const room = this.client.channel(channel, {
      ...(since && { since }),
      ...(isMember && { member: this.name }),
    })
    this.#rooms.set(channel, room)
    const now = () => this.#parts.timeline.now()
    room.on('message', (message, { offset, recovered }) =>
      reader.heard.push({ at: now(), key: String(message), offset, recovered }),
    )
    room.on('gap', (gap) => reader.heard.push({ at: now(), gap }))
    room.on('removed', (removed, { offset }) => reader.heard.push({ at: now(), removed, offset }))
    room.on('snapshot', () => reader.heard.push({ at: now(), snapshot: true }))
    if (isWatcher) {
      room.on('presence', ({ members }) =>
        this.shown.set(
          channel,
          members.map(({ session }) => session),
        ),
      )
    }
    room.on('state', (state) => {
      if (this.client.session !== undefined) this.sessions.add(this.client.session)
      if (this.client.session !== undefined) reader.sessions.add(this.client.session)
      if (state.name === 'subscribed') reader.start ??= room.position
      if (state.name === 'failed') this.#parts.failed(`${this.name} lost ${channel}`, state.error)
    })
  }

  /** Readers whose pages are gone; what they heard still counts. */
  readonly retired: Reader[] = []
  retire(channel: string): void {
    const reader = this.readers.get(channel)
    if (reader !== undefined) this.retired.push(reader)
  }

  /** Whether this person is to be seen in a channel. */
  isMember(channel: string): boolean {
    return this.#roles.get(channel)?.isMember === true
  }

  /** What somebody is in a channel stays so, whatever becomes of pages. */
  #roleIn(channel: string): Role {
    const { rng } = this.#parts
    const has = channel.startsWith('room:')
    const role = this.#roles.get(channel) ?? {
      isMember: has && rng.chance(0.6),
      isWatcher: has && rng.chance(0.6),
    }
    this.#roles.set(channel, role)
    return role
  }

  publish(channel: string, excludeSelf: boolean): void {
    const { timeline } = this.#parts
    const { rng } = this.#parts
    const isState = channel.startsWith('state:')
    const key = `${this.name}#${++this.#written}${'.'.repeat(paddingOf(channel, rng))}`
    const startedAt = timeline.elapsed
    const attempt: Attempt = {
      person: this.name,
      channel,
      key,
      startedAt,
      dueAt: startedAt + PUBLISH_TIMEOUT,
    }
    this.attempts.push(attempt)
    const { host } = this
    const room = this.#rooms.get(channel) ?? this.client.channel(channel)
    const options = { excludeSelf, timeout: PUBLISH_TIMEOUT }
    if (isState && rng.chance(0.15)) {
      // Whether it has a value to lose is not known here; that it settles is.
      room.remove(aboutOf(key), options).then(
        () => Object.assign(attempt, { settledAt: timeline.elapsed }),
        () => Object.assign(attempt, { settledAt: timeline.elapsed }),
      )
      return
    }
    room.publish(key, options).then(
      (position) => Object.assign(attempt, { position, settledAt: timeline.elapsed }),
      (error) => {
        if (!host.isDead) Object.assign(attempt, { error: kindOf(error), settledAt: timeline.elapsed })
      },
    )
  }

  call(): void {
    const { timeline } = this.#parts
    const said = `${this.name}?${this.asks.length}`
    const ask: Ask = { said, dueAt: timeline.elapsed + CALL_TIMEOUT }
    this.asks.push(ask)
    const { host } = this
    this.client.call('echo', said).then(
      (answered) => Object.assign(ask, { answered, settledAt: timeline.elapsed }),
      (error) => {
        if (!host.isDead) Object.assign(ask, { error: kindOf(error), settledAt: timeline.elapsed })
      },
    )
  }

  /** The page is closed and opened again; `isKept`: it goes on from the positions it had, `saysSo`: it is told that it has to go. */
  reload(isKept: boolean, saysSo: boolean): void {
    this.#page.close(saysSo)
    for (const promise of [...this.attempts, ...this.asks]) promise.settledAt ??= -1
    this.#page = this.#newPage()
    this.sessions = new Set()
    this.shown.clear()
    for (const channel of [...this.readers.keys()]) this.follow(channel, isKept)
  }

  platform(event: PlatformEvent): void {
    this.#isOnline = event !== 'offline'
    this.#page.tell(event)
  }

  #newPage(): Page {
    const { rng, timeline, transcripts, failed } = this.#parts
    const { path, hasAllTransports } = this
    return new Page({
      ...{ timeline, rng, path, hasAllTransports, transcripts },
      ...{ options: this.#options, memory: this.#memory },
      name: `${this.name}, page ${++this.#pages}`,
      host: this.name,
      online: () => this.#isOnline,
      failed: (error) => failed(`${this.name} reported`, error),
      late: (wait) => failed(`${this.name} was to try another transport at once`, `and waits for ${wait} ms`),
      opened: (name) => void this.transports.push(name),
      moved: () => this.#moved(),
    })
  }

  /** To a better transport, for which nobody may lose a call. */
  #moved(): void {
    const lost = this.asks.find(({ settledAt }) => settledAt === undefined)
    if (lost !== undefined)
      this.#parts.failed(`${this.name} moved to another transport`, `while it waited for '${lost.said}'`)
  }
}

/** Characters that make a message longer: enough for slow links to matter, and sometimes to go in parts. */
function paddingOf(channel: string, rng: Rng): number {
  if (rng.chance(0.001)) return rng.int(17_000, 40_000)
  const isThick = channel.startsWith('state:') || channel.startsWith('feed:')
  return isThick && rng.chance(0.4) ? rng.int(0, 800) : 0
}

const kindOf = (error: unknown): string =>
  error instanceof MillraceError ? error.kind : `not a MillraceError: ${String(error)}`
