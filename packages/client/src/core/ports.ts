/** What the core needs of the world. The platform folder implements these; tests and the simulation do too. */
import type { ClientDialect } from '@millrace/protocol'
import type { Signal } from './types.js'

export interface Clock {
  /** Milliseconds since 1970. It runs on during sleep, and may be set. */
  now(): number
  /** Runs once, not before `ms` have passed; possibly much later. The function returned cancels. Never runs inside the call. */
  schedule(ms: number, run: () => void): () => void
}

export type Frame = string | Uint8Array

/** Ways to the server. `stream` is HTTP streaming in the format of EventSource, `poll` is long polling. */
export type TransportName = 'websocket' | 'stream' | 'poll'

/** By which way a link goes. */
export interface Via {
  readonly name: TransportName
  /** Why not by a better one, for people; absent when this is the best. */
  readonly reason?: string | undefined
  /** Whether what comes may be noticeably later than it could be. */
  readonly slow?: boolean | undefined
}

/** What is known of the next attempt when a link closes. */
export interface Next {
  /** Milliseconds until then. Default: the back-off. */
  readonly wait?: number | undefined
  /** Its token, if `ask` has brought one. Default: it is asked for. */
  readonly token?: string | undefined
}

/** What a link tells. In this order: `opened` at most once, any number of `frame`, `closed` once; never inside a call to the link. */
export interface LinkEvents {
  /** The subprotocol the server chose; empty when it chose none. `via`: default a WebSocket. */
  opened(protocol: string, via?: Via): void
  frame(frame: Frame): void
  /** A WebSocket close code; 1006 when the link was cut or never came up. `next`: how to go on, where that is known. */
  closed(code: number, reason: string, next?: Next): void
  /** Asks the application for a token ahead of the next attempt; absent when there is nothing to ask. May throw. */
  readonly ask?: (() => string | Promise<string>) | undefined
  /** Whether the link may be given up for another without harm: nothing is under way that would not be asked again. */
  idle(): boolean
}

/** One socket. */
export interface Link {
  /** Bytes written and not yet on the network. */
  readonly buffered: number
  /** Bytes a frame takes on the wire; of text, as UTF-8. */
  sizeOf(frame: Frame): number
  /** Frames arrive whole and in order, or the link closes. Does nothing when it is not open. */
  send(frame: Frame): void
  /** Finds out soon whether what was sent has come, where that could else take long. */
  flush?(): void
  /** Closes; again does nothing. */
  close(code: number, reason: string): void
}

export interface Transport {
  /** Begins a link. May throw, which counts as a failed attempt. */
  open(protocol: string, events: LinkEvents): Link
}

/**
 * `wake`: the page is shown, or came back from being frozen or from the back-forward cache. `suspend`: it goes into that
 * cache, where a live socket would keep it out.
 */
export type PlatformEvent = 'online' | 'offline' | 'wake' | 'suspend'

export interface Platform {
  /** False when the platform says that there is no network. True when it does not know. */
  online(): boolean
  /** Subscribes to events for as long as the function it returns is not called. */
  watch(listener: (event: PlatformEvent) => void): () => void
  aborter(): { readonly signal: Signal; abort(): void }
  /** Shows an error that nobody listens for. */
  report(error: unknown): void
}

export interface Ports {
  readonly clock: Clock
  /** From 0 up to but not including 1. */
  readonly random: () => number
  readonly transport: Transport
  readonly platform: Platform
  /** The JSON dialect, which every server speaks, on the platform's base64. */
  readonly json: ClientDialect
}
