/** The events of a WebSocket, by name. */
export interface WebSocketEventMap {
  readonly open: Event
  readonly message: MessageEvent
  readonly error: ConnectFailureEvent
  readonly close: CloseEvent
}

/** Node has this one from version 23 on. */
export class CloseEvent extends Event {
  readonly code: number
  readonly reason: string
  /** Close frames went both ways. */
  readonly wasClean: boolean

  constructor(
    type: string,
    init: { readonly code: number; readonly reason: string; readonly wasClean: boolean },
  ) {
    super(type)
    this.code = init.code
    this.reason = init.reason
    this.wasClean = init.wasClean
  }
}

/** A browser does not say what went wrong; a program on a server may know. */
export class ConnectFailureEvent extends Event {
  readonly error: unknown
  readonly message: string

  constructor(type: string, error: unknown) {
    super(type)
    this.error = error
    this.message = error instanceof Error ? error.message : String(error)
  }
}
