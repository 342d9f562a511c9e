import type { Clock, Frame, Link, LinkEvents, Transport, TransportName, Via } from '../core/index.js'
import { Attempt } from './attempt.js'
import { Rests } from './rests.js'
import { type Found, Search, type Way } from './search.js'

export interface ChooserPorts {
  readonly clock: Clock
  /** The ways that may be used. */
  readonly transports: { readonly [N in TransportName]?: Transport | undefined }
  /** A ping, as the subprotocol has it that the server chose: it may come before `connect`. [P7.3] */
  ping(chosen: string): Frame
  /** What worked last, in this page's life or before. */
  readonly remembered: TransportName | undefined
  /** What has just been tried in vain. */
  readonly failed: TransportName | undefined
  remember(name: TransportName): void
  /** What people should know of a way besides, such as why it is slower than usual. */
  note?(name: TransportName): string | undefined
  /** Calls back when there may be another network, until what it returns is called. */
  watch(changed: () => void): () => void
}

/** In which order they are tried to get connected at all: nothing is in the way of polling. */
const FIRST: readonly TransportName[] = ['websocket', 'poll', 'stream']
/** Which is better: the first. */
const BEST: readonly TransportName[] = ['websocket', 'stream', 'poll']
const SAID: Readonly<Record<TransportName, string>> = {
  websocket: 'WebSocket',
  stream: 'streaming',
  poll: 'polling',
}
/** Milliseconds for a transport to open, and for the first answer over it: more after none of them did, up to so many. */
const OPENS_WITHIN = { first: 2000, trusted: 4000, last: 8000 } as const
/** What worked before is given so many attempts before others, and twice as many whenever all have failed alike: a server that is away is away for all of them. */
const LOYALTY = { first: 2, last: 8 } as const
/** A connection that lived so long, in milliseconds, is steady; what is unsteady so many times in a row does not work. */
const STEADY = 60_000
const UNSTEADY = 3
/** Close codes with which nobody comes back: RFC 6455 §7.4.1 and [P1.8]. */
const isForGood = (code: number): boolean => code === 1000 || code >= 4500
/** The connection broke, or the client found it silent. */
const isBreak = (code: number): boolean => code === 1006 || code === 4002

/** Finds a way to the server: the first that works, and then a better one. [P8.8] */
export class Chooser implements Transport {
  readonly #ports: ChooserPorts
  readonly #usable: readonly TransportName[]
  #worked: TransportName | undefined
  /** What failed since something worked, or since everything had failed. */
  readonly #failed = new Set<TransportName>()
  /** Attempts in a row that failed, since something worked or everything had failed; first the one for which other ways are looked for. */
  #failures = 1
  #loyalty: number = LOYALTY.first
  /** Connections in a row that did not live long. */
  #unsteady = 0
  #within: number = OPENS_WITHIN.first
  readonly #rests: Rests
  #search: Search | undefined
  /** A better way, proven, for the next to open. */
  #better: Found | undefined
  #unwatch: (() => void) | undefined

  constructor(ports: ChooserPorts) {
    this.#ports = ports
    this.#usable = FIRST.filter((name) => ports.transports[name] !== undefined)
    this.#rests = new Rests(ports.clock)
    this.#worked = this.#usable.find((name) => name === ports.remembered)
    if (ports.failed !== undefined) this.#reject(ports.failed)
  }

  open(protocol: string, events: LinkEvents): Link {
    this.#unwatch ??= this.#ports.watch(() => this.#changed())
    this.#stopSearch()?.candidate.drop()
    const better = this.#better
    this.#better = undefined
    const name = better?.name ?? this.#next()
    const { clock } = this.#ports
    const openedAt = clock.now()
    return new Attempt({
      ...{ clock, events },
      // A server to which everybody comes back at once is slow, and slower when they all try something else as well.
      within: this.#isTrusted(name) ? Math.max(OPENS_WITHIN.trusted, this.#within) : this.#within,
      via: this.#via(name),
      ping: (chosen) => this.#ports.ping(chosen),
      open: (ears) =>
        better === undefined ? this.#way(name).transport.open(protocol, ears) : better.candidate.take(ears),
      proven: (attempt) => this.#proven(name, protocol, attempt),
      failed: () => (this.#fail(name) ? { wait: 0 } : undefined),
      ended: (code, wasProven) =>
        this.#ended(name, { code, lived: wasProven ? clock.now() - openedAt : undefined }),
    })
  }

  #next(): TransportName {
    const order = [...this.#usable]
    if (this.#worked !== undefined) order.unshift(this.#worked)
    const name = order.find((one) => !this.#failed.has(one))
    if (name !== undefined) return name
    this.#failed.clear()
    return order[0] ?? 'websocket'
  }

  #way(name: TransportName): Way {
    const transport = this.#ports.transports[name]
    if (transport === undefined) throw new Error(`No transport '${name}'`)
    return { name, transport }
  }

  #betterThan(name: TransportName): Way[] {
    const better = BEST.slice(0, BEST.indexOf(name)).filter((one) => this.#usable.includes(one))
    return better.map((one) => this.#way(one))
  }

  #via(name: TransportName): Via {
    const reason = (): string | undefined => this.#reasonFor(name)
    return {
      name,
      slow: name === 'poll',
      // What is better may be found not to work later.
      get reason() {
        return reason()
      },
    }
  }

  #reasonFor(name: TransportName): string | undefined {
    const missed = this.#betterThan(name).filter((way) => this.#rests.has(way.name))
    const why =
      missed.length > 0 ? `No connection by ${missed.map((way) => SAID[way.name]).join(' or ')}` : undefined
    return this.#ports.note?.(name) ?? why ?? (name === 'poll' ? 'Connected by polling' : undefined)
  }

  #proven(name: TransportName, protocol: string, attempt: Attempt): void {
    const { clock, ping, remember } = this.#ports
    if (this.#worked !== name) remember(name)
    this.#worked = name
    this.#failures = 0
    this.#loyalty = LOYALTY.first
    this.#failed.clear()
    this.#search = new Search({
      ...{ clock, protocol, ping },
      rests: this.#rests,
      better: this.#betterThan(name),
      within: this.#within * 2,
      found: (found) => {
        // The one in use makes way, and the next to open is the better one.
        this.#better = found
        const hasMadeWay = attempt.makeWay()
        if (!hasMadeWay) this.#better = undefined
        return hasMadeWay
      },
    })
  }

  /** It did not work. True when there is another that may work now. */
  #fail(name: TransportName): boolean {
    this.#failures++
    if (this.#isTrusted(name)) return false
    this.#reject(name)
    if (this.#usable.some((one) => !this.#failed.has(one))) return true
    // All have failed alike, which says nothing against any of them; but they may have had too little time.
    this.#rests.forget()
    this.#failures = 0
    this.#loyalty = Math.min(LOYALTY.last, this.#loyalty * 2)
    this.#within = Math.min(OPENS_WITHIN.last, this.#within * 2)
    return false
  }

  #isTrusted(name: TransportName): boolean {
    return name === this.#worked && this.#failures < this.#loyalty
  }

  #reject(name: TransportName): void {
    this.#failed.add(name)
    this.#rests.add(name)
  }

  #ended(
    name: TransportName,
    { code, lived }: { readonly code: number; readonly lived: number | undefined },
  ): void {
    const found = this.#stopSearch()
    if (isForGood(code)) {
      found?.candidate.drop()
      this.#unwatch?.()
      this.#unwatch = undefined
    } else this.#better ??= found
    if (lived === undefined) return
    if (lived >= STEADY) this.#rests.forget(name)
    this.#unsteady = isBreak(code) && lived < STEADY ? this.#unsteady + 1 : 0
    if (this.#unsteady < UNSTEADY) return
    this.#unsteady = 0
    this.#reject(name)
  }

  #stopSearch(): Found | undefined {
    const found = this.#search?.stop()
    this.#search = undefined
    return found
  }

  /** There may be another network, of which nothing is known. */
  #changed(): void {
    this.#rests.forget()
    this.#failed.clear()
    this.#unsteady = this.#failures = 0
    this.#loyalty = LOYALTY.first
    this.#within = OPENS_WITHIN.first
    this.#search?.hurry()
  }
}
