import type { Clock, Frame, Link, LinkEvents, Transport, TransportName, Via } from '../core/index.js'
import { Candidate } from './candidate.js'

export interface ChooserPorts {
  readonly clock: Clock
  /** The ways that may be used. */
  readonly transports: { readonly [N in TransportName]?: Transport | undefined }
  /** A ping as this transport's dialect has it: it may come before `connect`. [P7.3] */
  ping(name: TransportName): Frame
  /** What worked last, in this page's life or before. */
  readonly remembered: TransportName | undefined
  /** What has just been tried in vain. */
  readonly failed: TransportName | undefined
  remember(name: TransportName): void
  /** Calls back when there may be another network. */
  watch(changed: () => void): void
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
/** Milliseconds for a transport to open, and for the first answer over it. */
const OPENS_WITHIN = 2000
/** What did not work rests for so many milliseconds, each time four times as many, up to so many. */
const SHORTEST_REST = 5000
const LONGEST_REST = 900_000
/** How long is waited for a moment in which no request is under way, and how often is looked, in milliseconds. */
const QUIET_WITHIN = 5000
const LOOKS_EVERY = 100
/** What worked before is given so many attempts before others: a server that is away is away for all of them. */
const LOYALTY = 2

interface Rest {
  readonly until: number
  readonly length: number
}

/** Finds a way to the server: the first that works, and then a better one. [P8.7] */
export class Chooser implements Transport {
  readonly #ports: ChooserPorts
  #worked: TransportName | undefined
  /** What failed since something worked, or since everything had failed. */
  readonly #failed = new Set<TransportName>()
  #failures = 0
  readonly #rests = new Map<TransportName, Rest>()
  /** A better way, proven, for the next to open. */
  #better: { readonly name: TransportName; readonly candidate: Candidate } | undefined
  /** Ends the search for a better way. */
  #stopSearch = (): void => {}

  constructor(ports: ChooserPorts) {
    this.#ports = ports
    this.#worked = ports.remembered
    if (ports.failed !== undefined) this.#fail(ports.failed)
    ports.watch(() => {
      this.#rests.clear()
      this.#failed.clear()
    })
  }

  open(protocol: string, events: LinkEvents): Link {
    this.#stopSearch()
    const better = this.#better
    this.#better = undefined
    if (better === undefined) return this.#begin(this.#next(), protocol, events)
    return better.candidate.take(this.#watched(better.name, protocol, events))
  }

  #next(): TransportName {
    const { transports } = this.#ports
    const order = [this.#worked, ...FIRST].filter(
      (name) => name !== undefined && transports[name] !== undefined,
    )
    let name = order.find((one) => one !== undefined && !this.#failed.has(one))
    if (name === undefined) {
      this.#failed.clear()
      name = order[0]
    }
    return name ?? 'websocket'
  }

  #begin(name: TransportName, protocol: string, events: LinkEvents): Link {
    const { clock, ping, transports } = this.#ports
    const transport = transports[name]
    if (transport === undefined) throw new Error(`No transport '${name}'`)
    const watched = this.#watched(name, protocol, events)
    let isOver = false
    let cancel = clock.schedule(OPENS_WITHIN, () => fail('It did not open'))
    const fail = (reason: string): void => {
      if (isOver) return
      link.close(3000, reason)
      watched.closed(1006, `${reason} within ${OPENS_WITHIN / 1000} s`)
    }
    const link = transport.open(protocol, {
      idle: () => events.idle(),
      opened: (chosen) => {
        cancel()
        watched.opened(chosen)
      },
      frame: (frame) => {
        isOver = true
        cancel()
        watched.frame(frame)
      },
      closed: (code, reason) => {
        isOver = true
        cancel()
        watched.closed(code, reason)
      },
    })
    let isAsked = false
    return {
      get buffered() {
        return link.buffered
      },
      sizeOf: (frame) => link.sizeOf(frame),
      send: (frame) => {
        link.send(frame)
        if (isAsked) return
        isAsked = true
        // Who connects may take long about it; a ping is answered at once.
        link.send(ping(name))
        cancel = clock.schedule(OPENS_WITHIN, () => fail('Nothing came'))
      },
      close: (code, reason) => {
        isOver = true
        cancel()
        link.close(code, reason)
      },
    }
  }

  /** Events of a link, of which this learns what works. */
  #watched(name: TransportName, protocol: string, events: LinkEvents): LinkEvents {
    let isProven = false
    let isOver = false
    const over = (): void => {
      isOver = true
      if (isProven) this.#stopSearch()
    }
    return {
      idle: () => events.idle(),
      opened: (chosen) => events.opened(chosen, this.#via(name)),
      frame: (frame) => {
        if (!isProven) {
          isProven = true
          this.#proven(name, protocol, () => {
            // The one in use makes way, and the next to open is the better one.
            if (isOver || !events.idle()) return false
            over()
            events.closed(3000, 'Moving to a better transport', 0)
            return true
          })
        }
        events.frame(frame)
      },
      closed: (code, reason) => {
        if (isOver) return
        over()
        // Whatever the server says, it has been reached.
        if (isProven || code !== 1006) events.closed(code, reason)
        else events.closed(code, reason, this.#fail(name) ? 0 : undefined)
      },
    }
  }

  #via(name: TransportName): Via {
    const better = BEST.slice(0, BEST.indexOf(name)).filter((one) => this.#rests.has(one))
    const reason = `No connection by ${better.map((one) => SAID[one]).join(' or ')}`
    return { name, reason: better.length === 0 ? undefined : reason, slow: name === 'poll' }
  }

  #proven(name: TransportName, protocol: string, makeWay: () => boolean): void {
    if (this.#worked !== name) this.#ports.remember(name)
    this.#worked = name
    this.#failures = 0
    this.#failed.clear()
    this.#rests.delete(name)
    this.#search(name, protocol, makeWay)
  }

  /** It did not work. True when there is another that may work now. */
  #fail(name: TransportName): boolean {
    this.#failures++
    if (name === this.#worked && this.#failures < LOYALTY) return false
    this.#failed.add(name)
    this.#rest(name)
    if (Object.keys(this.#ports.transports).some((one) => !this.#failed.has(one as TransportName)))
      return true
    // All have failed alike, which says nothing against any of them.
    this.#rests.clear()
    return false
  }

  #rest(name: TransportName): void {
    const { length = SHORTEST_REST / 4 } = this.#rests.get(name) ?? {}
    const longer = Math.min(LONGEST_REST, length * 4)
    this.#rests.set(name, { until: this.#ports.clock.now() + longer, length: longer })
  }

  /** Tries those that are better than the one in use, one after the other, each when it has rested. */
  #search(name: TransportName, protocol: string, makeWay: () => boolean): void {
    const { clock, ping, transports } = this.#ports
    let candidate: Candidate | undefined
    let cancel = (): void => {}
    this.#stopSearch = () => {
      cancel()
      candidate?.drop()
      this.#stopSearch = () => {}
    }
    const look = (): void => {
      const [best] = BEST.slice(0, BEST.indexOf(name))
        .filter((one) => transports[one] !== undefined)
        .map((one) => ({ one, until: this.#rests.get(one)?.until ?? 0 }))
        .sort((a, b) => a.until - b.until)
      if (best === undefined) return
      cancel = clock.schedule(Math.max(0, best.until - clock.now()), () => attempt(best.one))
    }
    const attempt = (better: TransportName): void => {
      const transport = transports[better]
      if (transport === undefined) return
      const again = (): void => {
        candidate = undefined
        this.#rest(better)
        look()
      }
      candidate = new Candidate({
        ...{ clock, transport, protocol },
        ping: ping(better),
        within: OPENS_WITHIN * 2,
        works: () => move(better, clock.now() + QUIET_WITHIN),
        fails: again,
      })
    }
    const move = (better: TransportName, until: number): void => {
      const proven = candidate
      if (proven === undefined) return
      this.#better = { name: better, candidate: proven }
      candidate = undefined
      if (makeWay()) return
      this.#better = undefined
      candidate = proven
      if (clock.now() < until) cancel = clock.schedule(LOOKS_EVERY, () => move(better, until))
      else {
        // It would be closed as one that never connects. The next time is as good.
        candidate.drop()
        candidate = undefined
        this.#rest(better)
        look()
      }
    }
    look()
  }
}
