import type { Probe } from './runner/probe.js'
import type { FrameSpec } from './wire/frame.js'
import type { HeaderEdit } from './wire/http1.js'

/** Which side the subject plays. */
export type Role = 'server' | 'client'
export type Transport = 'tcp' | 'tls' | 'h2'

/**
 * How binding a case is: `must` and `should` are the RFC's words; `choice` is behaviour the RFC leaves open and
 * Millrace commits itself to (limits, failing at the first impossible octet).
 */
export type Level = 'must' | 'should' | 'choice'

/** How the bytes of a case reach the subject: each step in one write, or one octet a turn of the event loop. */
export type Delivery = 'whole' | 'bytes'

/** What a server is willing to negotiate, or what a client offers; in the words of RFC 7692 §7.1. */
export interface DeflateOptions {
  readonly serverNoContextTakeover?: boolean
  readonly clientNoContextTakeover?: boolean
  readonly serverMaxWindowBits?: number
  readonly clientMaxWindowBits?: number
}

/** What a case asks of the subject. A subject that cannot be told so skips the case. */
export interface SubjectOptions {
  /** Compress every message, however short. `true` means no parameter is asked for. */
  readonly deflate?: boolean | DeflateOptions
  /** Octets of one message, after inflation. */
  readonly maxMessage?: number
  /** Octets of one frame's payload. */
  readonly maxFrame?: number
  readonly maxFragments?: number
  /** Subprotocols a server knows, best first, or a client offers. */
  readonly protocols?: readonly string[]
  /** Milliseconds to wait for the peer's Close and for the end of TCP. */
  readonly closeTimeout?: number
  /** What the subject does once the connection is open. */
  readonly onOpen?: { readonly close: readonly [code: number, reason: string] } | { readonly ping: string }
}

/** Everything in SubjectOptions, and whether the subject reports how its connections ended. */
export type Feature = keyof SubjectOptions | 'report'

/** What the subject's application was told when a connection ended (RFC 6455 §7.1.5, §7.1.6). */
export interface CloseReport {
  readonly code: number
  readonly reason: string
}

/** One message, fragmented and compressed by the suite's writer. */
export interface MessageSpec {
  readonly message: 'text' | 'binary'
  readonly payload: Uint8Array
  /** Offsets of the wire payload at which a new fragment starts. */
  readonly cuts?: readonly number[]
  /** Default: exactly when permessage-deflate was negotiated. */
  readonly compress?: boolean
}

export interface RawBytes {
  readonly raw: Uint8Array
}

export type Piece = FrameSpec | MessageSpec | RawBytes

export type Step =
  /** `cut`: how many of the last octets are never sent. */
  | { readonly send: readonly Piece[]; readonly cut?: number }
  | { readonly expect: 'text' | 'binary'; readonly payload: Uint8Array; readonly compressed?: boolean }
  | { readonly expect: 'ping' | 'pong'; readonly payload: Uint8Array }
  /** A Close with one of these codes; 1005 stands for a Close without a code (RFC 6455 §7.1.5). */
  | { readonly expect: 'close'; readonly codes: readonly number[]; readonly reason?: string }
  /** RFC 6455 §7.1.7: a Close with one of these codes and then the end, with no message before them. */
  | { readonly expect: 'fail'; readonly codes: readonly number[] }
  | { readonly expect: 'end' }
  | { readonly expect: 'report'; readonly codes: readonly number[]; readonly reason?: string }
  /** The suite ends its direction, or aborts. */
  | { readonly act: 'end' | 'reset' }
  /** What no step can say. */
  | { readonly run: (probe: Probe) => Promise<void> }

/** How an extension answer is judged beyond the rules every answer must keep. */
export interface ExtensionExpectation {
  /** `either`: the RFC leaves it to the server. */
  readonly deflate: 'accepted' | 'declined' | 'either'
  readonly agreed?: DeflateOptions
}

export interface RequestSpec extends HeaderEdit {
  readonly method?: string
  /** Replaces the whole request target; `{path}` stands for the subject's path. */
  readonly target?: string
  readonly version?: string
  /** Sent behind the blank line in the same write. */
  readonly behind?: readonly Piece[]
}

/** The suite is the client and judges the server's answer. */
export interface RequestOpening {
  readonly kind: 'request'
  readonly request: RequestSpec
  readonly answer:
    | {
        readonly accepted: true
        readonly protocol?: string | undefined
        readonly extension?: ExtensionExpectation
      }
    | {
        readonly accepted: false
        readonly statuses: readonly number[]
        readonly header?: readonly [string, string]
      }
}

export interface ResponseSpec extends HeaderEdit {
  /** Replaces the status line. */
  readonly statusLine?: string
  /** Sent instead of any response. */
  readonly raw?: string
  /** Sent before the response: interim responses. */
  readonly before?: string
  readonly behind?: readonly Piece[]
  /** Over HTTP/2: whether SETTINGS_ENABLE_CONNECT_PROTOCOL is sent (RFC 8441 §3). Default true. */
  readonly connects?: boolean
  /** Replaces the right Sec-WebSocket-Accept. */
  readonly accept?: (right: string) => string
}

/** The suite is the server and judges what the client makes of its answer. */
export interface ResponseOpening {
  readonly kind: 'response'
  readonly response: ResponseSpec
  readonly client: 'opens' | 'fails'
  /** The subprotocol the client must report. Judged only when given. */
  readonly protocol?: string
}

export type Opening = RequestOpening | ResponseOpening

/** Where a case makes sense. Everything by default. */
export interface Scope {
  readonly role?: Role
  readonly transports?: readonly Transport[]
  /** Whether permessage-deflate is negotiated in the usual opening. */
  readonly deflate?: boolean
}

export interface Case {
  readonly id: string
  readonly title: string
  /** For instance `RFC 6455 §5.2`. */
  readonly rfc: string
  readonly level: Level
  readonly on: Scope
  readonly options: SubjectOptions
  readonly opening?: Opening
  readonly steps: readonly Step[]
  /** Whether the runner closes the connection in an orderly way after the last step and judges that too. */
  readonly closes: boolean
  /** Longer than usual: milliseconds one expectation may take. */
  readonly patience?: number
}
