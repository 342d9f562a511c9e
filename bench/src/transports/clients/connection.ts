/** What carries frames between a client and its server, whatever the transport. */

export interface ConnectionEvents {
  /** Frames may be said. */
  opened(): void
  frame(text: string): void
  /** It ended; told once or more. */
  lost(error: Error): void
}

/** `say` is used only within `opened` and `frame`: clients here say nothing of their own accord. */
export interface Connection {
  say(frame: string): void
}

/** Opens a connection. */
export type Open = (port: number, events: ConnectionEvents) => Connection
