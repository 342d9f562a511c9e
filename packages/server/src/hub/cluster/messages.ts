/** What nodes say to each other, all of it: a new kind is a line in one of the two tables below. */
import type { CodeName, ErrorBody, RequestBody, Target } from '@millrace/protocol'
import type { Told } from '../revocation/revocations.js'
import type { WrittenPayload } from '../written-payload.js'

/** What a node tells others. Nobody answers. */
export interface Notices {
  /** A later connection has taken up the session: an earlier one, on whichever node, ends. */
  superseded: { readonly session: string; readonly generation: number }
}

/** What a node asks others, and what each answers. */
export interface Questions {
  /** Which session of yours is the one meant, the latest of several? */
  find: { readonly asked: Target; readonly answer: Found | null }
  /** Are you there? */
  alive: { readonly asked: null; readonly answer: true }
  /** Call a client of yours. */
  call: { readonly asked: CallOfClient; readonly answer: WrittenPayload }
  /** This was taken away: end what you have of it. How many sessions did it concern? */
  revoke: { readonly asked: Told; readonly answer: number }
  /** End these sessions of yours. How many were those? */
  disconnect: { readonly asked: Disconnection; readonly answer: number }
  /** This came here for a connection of yours. */
  request: { readonly asked: CarriedRequest; readonly answer: RequestAnswer }
  /** What do you have of these channels? */
  occupancy: { readonly asked: OccupancyQuestion; readonly answer: OccupancyAnswer }
  /** I go, and these channels had subscribers here: will you look after them? `going`: this node goes too, and has none. */
  inherit: { readonly asked: readonly string[]; readonly answer: 'yes' | 'no' | 'going' }
}

/** Sessions that the application ends. */
export interface Disconnection extends Target {
  /** Of a close. */
  readonly code: CodeName
  readonly reason: string
}

/** What became of it. */
export interface Ended {
  /** Sessions that were ended, on all nodes that have answered; or, where only some things were taken away, that live on without them. */
  readonly sessions: number
  /** Nodes that are alive and did not answer in time. */
  readonly silent: readonly string[]
}

/** Channels of which a node has its first subscriber (a claim), or has none any more. */
export interface OccupancyQuestion {
  readonly from: string
  readonly about: readonly {
    readonly channel: string
    /** When that was, after all that the node had heard of: milliseconds since 1970. */
    readonly at: number
    readonly isClaim: boolean
  }[]
}

/** Those of the channels that a node has something of. */
export type OccupancyAnswer = readonly {
  readonly channel: string
  /** `held`: it has subscribers, and whoever wants to know that the channel has any was told. */
  readonly is: 'claiming' | 'held' | 'leaving'
  /** Of its claim or leave. */
  readonly at: number
}[]

/** What a client asks of a connection that is made of requests, by one that came to another node. [P8.5] */
export interface CarriedRequest {
  /** `poll`: what there is to tell. `send`: to take commands. `close`: to end. */
  readonly kind: 'poll' | 'send' | 'close'
  readonly body: RequestBody
}

export interface RequestAnswer {
  /** An HTTP status. */
  readonly status: number
  /** Events, where the status is 200; otherwise what is wrong, for people. */
  readonly body: string
}

export interface Found {
  readonly session: string
  /** When it connected: milliseconds since 1970. */
  readonly since: number
}

export interface CallOfClient {
  readonly session: string
  readonly method: string
  readonly data: WrittenPayload
  /** Milliseconds. */
  readonly timeout: number
}

export type NoticeKind = keyof Notices
export type QuestionKind = keyof Questions

export type Notice = { [K in NoticeKind]: { readonly kind: K; readonly body: Notices[K] } }[NoticeKind]
export type Question = {
  [K in QuestionKind]: { readonly kind: K; readonly body: Questions[K]['asked'] }
}[QuestionKind]

/** A message between nodes. Each says who sent it, for a message to all comes back to its sender. */
export type NodeMessage =
  | { readonly is: 'notice'; readonly from: string; readonly notice: Notice }
  | { readonly is: 'question'; readonly from: string; readonly id: string; readonly question: Question }
  | { readonly is: 'answer'; readonly from: string; readonly id: string; readonly answer: unknown }
  | { readonly is: 'failure'; readonly from: string; readonly id: string; readonly error: ErrorBody }

/** Reads a message; undefined for what is none, or is of a version that this one does not know. */
export function readNodeMessage(text: string): NodeMessage | undefined {
  try {
    const message: unknown = JSON.parse(text)
    return typeof message === 'object' && message !== null && 'is' in message && 'from' in message
      ? (message as NodeMessage)
      : undefined
  } catch {
    return undefined
  }
}
