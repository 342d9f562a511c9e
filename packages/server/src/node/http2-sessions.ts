/** Ends HTTP/2 sessions that cost more than they bring. [H11.7] */
import {
  constants,
  type Http2SecureServer,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'

export interface Http2SessionLimits {
  /** Milliseconds within which a session's first stream must have begun. */
  readonly firstWithin: number
  /** Milliseconds without a stream, or without a byte, after which a session ends; with its last stream, where it has some. Default a minute. */
  readonly idle?: number | undefined
}

/** Streams of one session at once. Who needs more makes another: proxies do. */
export const MAX_STREAMS = 100
const IDLE = 60_000
/** How often sessions are looked at, in milliseconds. */
const BEAT = 500
/** How long what is left to be sent to one that has ended may take, in milliseconds; to one that flooded, until it is looked at again. */
const LEAVES_WITHIN = 30_000
/** At so many, or a quarter of them where there are more: each takes a microsecond. */
const AT_ONCE = 1_000
/**
 * Bytes of a session that are neither heads of requests nor their bodies: pings, settings, padding, frames that say how much may be sent or in
 * which order, heads that are refused. So many are free, and so many more each second.
 */
const BURST = 1_048_576
const PER_SECOND = 65_536
/** What is sent to a client brings frames that let more of it come, RFC 9113 §6.9: for each byte so many are free. */
const PER_BYTE_SENT = 1 / 4
/** A stream's frames beside its fields: the head's, its end, changes of its window and its priority. */
const PER_STREAM = 64
/** A frame of data has a head, RFC 9113 §4.1, and often comes with a change of a window. */
const PER_CHUNK = 32
/** What HPACK writes beside the name and the value of a field that is in no table. RFC 7541 §6.2.2. */
const PER_FIELD = 6

const TOO_MUCH = new Error('An HTTP/2 session went beyond what it may')
const WATCHED = Symbol('millrace.watched')

interface WatchedStream extends ServerHttp2Stream {
  [WATCHED]?: Watched
}

/** What node:http2 tells of a stream that begins; `fields` are names and values in turn. */
type StreamEvent = readonly [stream: WatchedStream, headers: object, flags: number, fields: readonly string[]]

/** A session, and what of it is counted. */
class Watched {
  readonly session: ServerHttp2Session
  /** What it goes over: Node keeps it open while anything waits to be sent, for as long as the other side does not read. */
  readonly #socket: Socket | undefined
  /** Until when it may be, since it has ended. */
  #goneBy: number | undefined
  /** Bytes that came with streams. */
  useful = 0
  /** Streams that are open. */
  streams = 0
  /** Streams that began in this turn of the event loop. */
  begun = 0
  /** Since when it has no stream, and how long it may have none, in milliseconds. */
  idleSince = performance.now()
  patience: number
  isGivenUp = false
  #useless = 0
  /** What is left of it when that of each second is taken off. */
  #level = 0
  #lookedAt = this.idleSince

  constructor(session: ServerHttp2Session, socket: Socket | undefined, patience: number) {
    this.session = session
    this.#socket = socket
    this.patience = patience
  }

  /** Ends it for what it did. Who reads is told why. */
  endForFlooding(now: number): void {
    if (this.session.destroyed) return
    this.#goneBy = now
    this.session.destroy(TOO_MUCH, constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  /** It has ended: cuts it when its time is over. */
  cutWhenLate(now: number): void {
    this.#goneBy ??= now + LEAVES_WITHIN
    if (now > this.#goneBy) this.#socket?.destroy()
  }

  begin(stream: WatchedStream, fields: readonly string[]): void {
    this.streams++
    this.useful += PER_STREAM + bytesOf(fields)
    stream[WATCHED] = this
    stream.push = countingPush
    stream.on('close', streamEnded)
  }

  /** Whether more has come than may come beside streams. */
  isFlooded(now: number): boolean {
    const { bytesRead, bytesWritten } = this.session.socket
    const useless = bytesRead - this.useful - bytesWritten * PER_BYTE_SENT
    const forgiven = ((now - this.#lookedAt) * PER_SECOND) / 1000
    this.#level = Math.max(0, this.#level + useless - this.#useless - forgiven)
    this.#useless = useless
    this.#lookedAt = now
    return this.#level > BURST
  }
}

/** Keeps the sessions of a server, which Node does not, and ends those that do what no client would. */
export class Http2Sessions {
  readonly #firstWithin: number
  readonly #idle: number
  readonly #sessions = new Set<Watched>()
  /** Those that are still to be looked at. */
  #round = this.#sessions.values()
  /** Those in which streams began in this turn. */
  #busy: Watched[] = []
  #timer: NodeJS.Timeout | undefined
  #isDraining = false

  constructor(server: Http2SecureServer, { firstWithin, idle = IDLE }: Http2SessionLimits) {
    this.#firstWithin = firstWithin
    this.#idle = idle
    // Node makes the session of a socket, and tells of it, as soon as that is secure.
    let arrived: Socket | undefined
    server.prependListener('secureConnection', (socket: Socket) => {
      arrived = socket
    })
    server.on('session', (session) => this.#watch(session, arrived))
  }

  /** Ends sessions, each with its last stream, and from now on those that begin. */
  drain(): void {
    this.#isDraining = true
    for (const { session } of this.#sessions) session.close()
  }

  #watch(session: ServerHttp2Session, socket: Socket | undefined): void {
    const watched = new Watched(session, socket, this.#firstWithin)
    this.#sessions.add(watched)
    session.on('close', () => this.#forget(watched))
    session.setTimeout(this.#idle, () => session.close())
    // Before those who answer are told of it.
    session.prependListener('stream', (...[stream, , , fields]: StreamEvent) =>
      this.#begin(watched, stream, fields),
    )
    this.#timer ??= setInterval(() => this.#look(), BEAT).unref()
    // Its handshake was under way.
    if (this.#isDraining) session.close()
  }

  #forget(watched: Watched): void {
    this.#sessions.delete(watched)
    if (this.#sessions.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #begin(watched: Watched, stream: WatchedStream, fields: readonly string[]): void {
    if (watched.begun++ === 0 && this.#busy.push(watched) === 1) setImmediate(() => this.#turn())
    // There are no more at once: others were taken back in the turn in which they came, and each costs what a request does. CVE-2023-44487.
    if (watched.begun > MAX_STREAMS) watched.endForFlooding(performance.now())
    else {
      watched.patience = this.#idle
      watched.begin(stream, fields)
    }
  }

  #turn(): void {
    for (const watched of this.#busy) watched.begun = 0
    this.#busy = []
  }

  #look(): void {
    const now = performance.now()
    for (let left = Math.max(AT_ONCE, this.#sessions.size / 4); left > 0; left--) {
      const { done, value: watched } = this.#round.next()
      if (done === true) {
        this.#round = this.#sessions.values()
        return
      }
      // Node tells of its end when nothing waits to be sent any more.
      if (watched.session.destroyed) watched.cutWhenLate(now)
      else if (watched.isFlooded(now)) watched.endForFlooding(now)
      else if (watched.streams === 0 && now - watched.idleSince > watched.patience) giveUp(watched)
    }
  }
}

/** Politely; but of sessions that nghttp2 has ended by itself some versions of Node never hear. */
function giveUp(watched: Watched): void {
  if (watched.isGivenUp) watched.session.destroy()
  else watched.session.close()
  watched.isGivenUp = true
}

function bytesOf(fields: readonly string[]): number {
  let bytes = 0
  for (const text of fields) bytes += text.length
  return bytes + (fields.length * PER_FIELD) / 2
}

/** What comes of a request's body, as Node hands it to the stream. */
function countingPush(this: WatchedStream, chunk: Buffer | null, encoding?: BufferEncoding): boolean {
  const watched = this[WATCHED]
  if (watched !== undefined && chunk !== null) watched.useful += chunk.length + PER_CHUNK
  return Duplex.prototype.push.call(this, chunk, encoding)
}

function streamEnded(this: WatchedStream): void {
  const watched = this[WATCHED]
  if (watched === undefined || --watched.streams > 0) return
  watched.idleSince = performance.now()
  watched.isGivenUp = false
}
