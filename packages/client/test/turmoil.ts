/**
 * Clients that come by requests, real hubs that take them, and between them a network for HTTP that loses, repeats, delays and
 * cuts, under a seed: in the manner of the simulation, whose parts it uses.
 */
import { call, channel, defineApi, jsonClient, jsonDialect } from '@millrace/protocol'
import { Hub, type Session } from '@millrace/server/hub'
import { type EventStream, RequestLinks } from '@millrace/server/requests'
import { openSealer, openSigner, TEST_LIMITS } from '@millrace/server/testing'
import { BrokerNetwork, Host, NodeBroker, Rng, Store, Timeline } from '@millrace/testing/parts'
import { CoreClient, type LinkEvents, type Transport, type TransportName } from '../src/core/index.js'
import { Chooser, Pace, type RequestKind, RequestLink, type RequestPorts } from '../src/fallback/index.js'
import { Exchange } from './exchange.js'

const anything = {
  '~standard': { version: 1, vendor: 'turmoil', validate: (value: unknown) => ({ value }) },
} as const
const api = defineApi({
  channels: {
    'room:{name}': channel({ publish: 'anyone', history: { size: 100_000, ttl: '1h' }, presence: anything }),
  },
  calls: { echo: call({ timeout: '5s' }), ask: call({ timeout: '5s' }) },
})

/** How likely it is that this happens to a request. */
export interface Faults {
  /** It never arrives; its sender is told so, or waits in vain. */
  readonly lost: number
  /** It arrives twice, possibly at two nodes. */
  readonly doubled: number
  /** It arrives, and its answer does not. */
  readonly unanswered: number
  /** Its answer is cut in the middle, with an error or as if that were all. */
  readonly cut: number
  /** Somebody else answers, with a page. */
  readonly foreign: number
  /** What nodes say to each other is lost. */
  readonly carried: number
  /** Streams are held up: nothing of them comes before their end. */
  readonly buffered: boolean
  /** Milliseconds after which a request that waits is cut; 0 for never. */
  readonly impatient: number
}

export const CALM: Faults = {
  ...{ lost: 0, doubled: 0, unanswered: 0, cut: 0, foreign: 0, carried: 0 },
  ...{ buffered: false, impatient: 0 },
}

/** What one end of a connection said and heard, frame by frame. */
interface Transcript {
  readonly said: string[]
  readonly heard: string[]
}

/** Which connection it is: its client's first words have a number of their own. */
const nameOf = (frames: readonly string[]): string | undefined => {
  const connect = frames.find((frame) => frame.includes('"connect"'))
  return connect && `${/"token":"[^"]*"/.exec(connect)} ${/"attempt":\d+/.exec(connect)}`
}

/** Whether all of `some` is the beginning of `all`. */
const begins = (some: readonly string[], all: readonly string[]): boolean =>
  some.every((frame, index) => frame === all[index])

/** A server process. */
class Node {
  readonly host: Host
  readonly hub: Hub
  readonly links: RequestLinks
  readonly streams = new Set<() => void>()
  readonly #broker: NodeBroker

  constructor(name: string, world: TurmoilWorld) {
    const { rng, brokers } = world
    const host = new Host(name, brokers.timeline)
    this.host = host
    this.#broker = new NodeBroker(brokers, host)
    let ids = 0
    const random = { id: () => `${name}-${++ids}-${rng.int(0, 1e9)}` }
    const problem = (message: string, details?: object): void =>
      void world.problems.push(
        `${name}: ${message} ${String((details as { error?: unknown } | undefined)?.error)}`,
      )
    this.hub = new Hub({
      ...{
        api,
        broker: this.#broker,
        codecs: {},
        clock: host,
        random,
        signer: openSigner,
        sealer: openSealer,
      },
      authenticate: ({ token }) => ({ id: String(token) }),
      subscriptions: undefined,
      limits: { ...TEST_LIMITS, recovery: 4000 },
      maxMessage: 65_536,
      node: name,
      server: 'millrace/turmoil',
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: problem },
      onSession: () => {},
    })
    this.hub.handlers.handle('echo', ({ request }) => request)
    const { accept } = this.hub
    this.hub.accept = (link, info) => {
      const transcript = { said: [], heard: [] }
      world.ofNodes.push(transcript)
      const session = accept.call(this.hub, listened(link, transcript), info)
      return heeding(session, transcript)
    }
    this.links = new RequestLinks({
      ...{ hub: this.hub, node: name, clock: host, random },
      outbox: 200_000,
      sizeOf: (text) => text.length,
      soon: (run) => void host.schedule(0, run),
    })
    void this.hub.start()
  }

  /** Dies without a word: the kernel resets its connections. */
  crash(): void {
    this.host.isDead = true
    this.#broker.die()
    for (const cut of this.streams) cut()
  }
}

/** What the hub says on a connection of requests is written down. */
function listened(link: HubLink, { said }: Transcript): HubLink {
  // Of a stream, what is written; of one that is polled, what is sent.
  if ('write' in link && typeof link.write === 'function') {
    const write = link.write.bind(link)
    const writing = (events: string): void => {
      said.push(events.replace(/^data:|\n\n$/g, ''))
      write(events)
    }
    return Object.assign(link, { write: writing })
  }
  const send = link.send.bind(link)
  link.send = (outgoing) => {
    said.push(String(outgoing.wire(jsonDialect)))
    send(outgoing)
  }
  return link
}

function heeding(session: Session, { heard }: Transcript): Session {
  const receive = session.receive.bind(session)
  session.receive = (frame) => {
    heard.push(String(frame))
    receive(frame)
  }
  return session
}

/** What a client was told, and what became of what it asked. */
export class Person {
  readonly name: string
  readonly host: Host
  readonly client: CoreClient
  readonly heard: string[] = []
  readonly offsets: number[] = []
  readonly gaps: unknown[] = []
  readonly transports: string[] = []
  asked = 0
  settled = 0
  readonly stored: string[] = []
  readonly errors: string[] = []
  #said = 0

  constructor(name: string, world: TurmoilWorld) {
    this.name = name
    this.host = new Host(name, world.brokers.timeline)
    this.client = new CoreClient(
      { api, token: name },
      {
        clock: this.host,
        random: world.rng.fork().next,
        transport: world.transport(this.host),
        platform: {
          online: () => true,
          watch: () => () => {},
          aborter: () => new AbortController(),
          report: (error) => void world.problems.push(`${name}: ${error}`),
        },
        json: jsonClient({
          encode: (bytes) => Buffer.from(bytes).toString('base64'),
          decode: (text) => Buffer.from(text, 'base64'),
        }),
      },
    )
    this.client.handle('ask', ({ request }) => `${name} was asked ${request}`)
    this.client.on('state', ({ name: state }) => {
      if (state === 'connected') this.transports.push(this.client.transport?.name ?? '')
    })
    const room = this.client.channel('room:one')
    room.on('message', (message, { offset }) => {
      this.heard.push(String(message))
      this.offsets.push(offset)
    })
    room.on('gap', (gap) => this.gaps.push(gap))
  }

  publish(): void {
    const text = `${this.name} ${++this.#said}`
    this.#follow(
      this.client
        .channel('room:one')
        .publish(text, { timeout: 15_000 })
        .then(() => this.stored.push(text)),
    )
  }

  call(): void {
    const said = `${this.name}?${++this.#said}`
    this.#follow(
      this.client.call('echo', said).then((answer) => {
        if (answer !== said) this.errors.push(`${said} was answered ${answer}`)
      }),
    )
  }

  #follow(promise: Promise<unknown>): void {
    this.asked++
    promise.then(
      () => this.settled++,
      (error: { readonly kind?: string }) => {
        this.settled++
        this.errors.push(String(error.kind))
      },
    )
  }
}

export class TurmoilWorld {
  readonly rng: Rng
  readonly timeline = new Timeline()
  readonly brokers: BrokerNetwork
  readonly nodes: Node[] = []
  readonly people: Person[]
  readonly problems: string[] = []
  faults: Faults = CALM
  /** Whether the network lets a WebSocket through. */
  mayUpgrade = false
  requests = 0
  /** Of connections of requests. */
  readonly ofClients: Transcript[] = []
  readonly ofNodes: Transcript[] = []
  /** The nodes' calls of people, and how they ended. */
  readonly asks: { readonly node: Host; readonly answer: string | undefined }[] = []
  #lives = 0
  readonly #sockets = new Set<() => void>()

  constructor(seed: number, people = 3) {
    this.rng = new Rng(seed)
    const { timeline, rng } = this
    const store = new Store(() => timeline.now())
    this.brokers = new BrokerNetwork({ store, timeline, rng: rng.fork() })
    for (let place = 0; place < 3; place++) this.restart(place)
    this.people = Array.from({ length: people }, (_, index) => new Person(`person-${index}`, this))
  }

  restart(place: number): void {
    this.nodes[place] = new Node(`node-${place}-${++this.#lives}`, this)
  }

  crash(place: number): void {
    this.nodes[place]?.crash()
  }

  /** Every WebSocket is gone. */
  cutSockets(): void {
    for (const cut of [...this.#sockets]) cut()
  }

  /** A node calls somebody, wherever that is. What a node asked that dies has nobody to tell. */
  ask(): void {
    const node = this.rng.pick(this.nodes.filter(({ host }) => !host.isDead))
    const { name } = this.rng.pick(this.people)
    const ask = { node: node.host, answer: undefined as string | undefined }
    this.asks.push(ask)
    node.hub.handlers
      .callTarget({ user: name }, { method: 'ask', request: this.asks.length, timeout: 5000 })
      .then(
        () => {
          ask.answer = 'answered'
        },
        (error: { readonly kind?: string }) => {
          ask.answer = String(error.kind)
        },
      )
  }

  /** Connections in which one end heard something else than the beginning of what the other said. */
  get garbled(): string[] {
    const named = this.ofClients.map((client) => [nameOf(client.said), client] as const)
    return named.flatMap(([name, client]) => {
      const nodes = this.ofNodes.filter((node) => name !== undefined && nameOf(node.heard) === name)
      // One whose opening came twice has two beginnings.
      const isWell = nodes.some(({ said, heard }) => begins(heard, client.said) && begins(client.heard, said))
      return isWell || nodes.length === 0 ? [] : [String(name)]
    })
  }

  /** What is stored, in order. */
  get stored(): string[] {
    return this.brokers.store.facts.map(({ key }) => key)
  }

  /** A client's way to the nodes: requests, or a WebSocket where it gets through. */
  transport(host: Host): Transport {
    const rng = this.rng.fork()
    const ports: RequestPorts = {
      clock: host,
      random: rng.next,
      sizeOf: (text) => text.length,
      post: (kind, body) => this.#post(host, kind, body),
      leaving: () => () => {},
    }
    const pace = new Pace(host)
    const by = (kind: 'poll' | 'stream'): Transport => ({
      open: (_, events) => {
        const transcript: Transcript = { said: [], heard: [] }
        this.ofClients.push(transcript)
        const frame: LinkEvents['frame'] = (text) => {
          // What says nothing was not said by anybody: it stands for a part of an event.
          if (text !== '[]') transcript.heard.push(String(text))
          events.frame(text)
        }
        const link = new RequestLink(kind, { ports, pace, events: { ...events, frame } })
        const send = link.send.bind(link)
        link.send = (text) => {
          transcript.said.push(String(text))
          send(text)
        }
        return link
      },
    })
    const transports: { readonly [N in TransportName]: Transport } = {
      websocket: { open: (_, events) => this.#socket(host, events) },
      stream: by('stream'),
      poll: by('poll'),
    }
    return new Chooser({
      ...{ clock: host, transports, remembered: undefined, failed: undefined },
      ping: () => '{"id":4294967296,"ping":{}}',
      remember: () => {},
      watch: () => () => {},
    })
  }

  #latency(): number {
    return this.rng.int(1, 40)
  }

  #node(): Node | undefined {
    return this.rng.pick(this.nodes)
  }

  #post(host: Host, kind: RequestKind, body: string): ReturnType<RequestPorts['post']> {
    this.requests++
    const exchange = new Exchange(this.rng, host)
    const { rng, faults, timeline } = this
    if (rng.chance(faults.foreign)) {
      timeline.schedule(this.#latency(), () => exchange.head(200, false))
    } else if (rng.chance(faults.lost)) {
      if (rng.chance(0.7)) timeline.schedule(rng.int(1, 200), () => exchange.fail())
    } else {
      exchange.isCut = rng.chance(faults.cut)
      exchange.isSilent = rng.chance(faults.unanswered)
      const copies = rng.chance(faults.doubled) ? 2 : 1
      for (let copy = 0; copy < copies; copy++) {
        const node = this.#node()
        timeline.schedule(this.#latency(), () => {
          if (node === undefined || node.host.isDead) exchange.fail()
          else node.host.run(() => this.#serve(node, { kind, body, exchange }))
        })
      }
      if (faults.impatient > 0) timeline.schedule(faults.impatient, () => exchange.fail())
    }
    return { answer: exchange.answer, abort: () => exchange.abort() }
  }

  #serve(
    node: Node,
    { kind, body, exchange }: { kind: RequestKind; body: string; exchange: Exchange },
  ): void {
    const info = () => ({ headers: {}, remoteAddress: '192.0.2.1' })
    const { timeline } = this
    const cut = (): void => exchange.fail()
    node.streams.add(cut)
    if (kind !== 'stream') {
      void node.links.answer(kind, body, info).then(({ status, body: text }) => {
        node.streams.delete(cut)
        timeline.schedule(this.#latency(), () => exchange.whole(status, text))
      })
      return
    }
    // Of a request that comes twice the first answer is the answer.
    const isFirst = (): boolean => {
      exchange.stream ??= kept
      return exchange.stream === kept
    }
    const kept = {}
    let at = timeline.now()
    /** In order, each piece some time after it was written. */
    const later = (run: () => void): void => {
      at = Math.max(at, timeline.now() + this.#latency())
      timeline.schedule(at - timeline.now(), run)
    }
    const held: string[] = []
    const stream: EventStream = {
      buffered: 0,
      write: (events) => {
        held.push(events)
        // What was held up comes before what follows.
        if (!this.faults.buffered)
          for (const piece of held.splice(0)) later(() => isFirst() && exchange.piece(piece))
      },
      end: () => later(() => isFirst() && exchange.end()),
    }
    const opened = node.links.stream(body, info, stream)
    if ('status' in opened)
      timeline.schedule(this.#latency(), () => exchange.whole(opened.status, opened.body))
    else
      exchange.onBroken(() => timeline.schedule(this.#latency(), () => node.host.run(() => opened.broken())))
  }

  /** A WebSocket to one of the nodes: what hubs and clients need of one. */
  #socket(host: Host, events: LinkEvents): ReturnType<Transport['open']> {
    const { timeline } = this
    const node = this.#node()
    let isOver = false
    let session: Session | undefined
    const over = (): boolean => {
      if (isOver) return false
      isOver = true
      this.#sockets.delete(cut)
      node?.streams.delete(cut)
      return true
    }
    const cut = (): void => {
      if (!over()) return
      host.run(() => events.closed(1006, ''))
      node?.host.run(() => session?.closed(1006))
    }
    const [up, down] = [this.#direction(), this.#direction()]
    up(() => {
      if (!this.mayUpgrade || node === undefined || node.host.isDead) return cut()
      this.#sockets.add(cut)
      node.streams.add(cut)
      session = node.hub.accept(
        socketLink({
          sent: (frame) => down(() => host.run(() => isOver || events.frame(frame))),
          closed: (code, reason) => down(() => over() && host.run(() => events.closed(code, reason))),
        }),
        { headers: {}, remoteAddress: '192.0.2.1' },
      )
      down(() => host.run(() => isOver || events.opened('millrace.json')))
    })
    return {
      buffered: 0,
      sizeOf: (frame) => frame.length,
      send: (frame) => up(() => node?.host.run(() => isOver || session?.receive(frame))),
      close: (code) => {
        if (over()) timeline.schedule(this.#latency(), () => node?.host.run(() => session?.closed(code)))
      },
    }
  }

  #direction(): (run: () => void) => void {
    let at = 0
    return (run) => {
      at = Math.max(at, this.timeline.now() + this.#latency())
      this.timeline.schedule(at - this.timeline.now(), run)
    }
  }
}

type HubLink = Parameters<Hub['accept']>[0]

function socketLink(to: { sent(frame: string): void; closed(code: number, reason: string): void }): HubLink {
  const link: HubLink = {
    dialect: jsonDialect,
    carrier: {
      send: (outgoing, targets) => targets.forEach((target) => void (target as HubLink).send(outgoing)),
    },
    get target() {
      return link
    },
    send: (outgoing) => to.sent(String(outgoing.wire(jsonDialect))),
    close: to.closed,
    pause() {},
    resume() {},
  }
  return link
}
