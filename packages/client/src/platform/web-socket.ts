import type { Transport } from '../core/index.js'

/** What the client needs of a WebSocket: browsers', Node's, Deno's, Bun's, `ws` and `undici` have it. */
export interface WebSocketLike {
  binaryType: string
  readonly readyState: number
  readonly protocol: string
  readonly bufferedAmount: number
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(
    type: 'open' | 'message' | 'close' | 'error',
    listener: (event: WebSocketEvent) => void,
  ): void
}

/** What of its events; every one has a type, and those that matter some of the others. */
export interface WebSocketEvent {
  readonly type: string
  readonly data?: unknown
  readonly code?: number
  readonly reason?: string
}

export type WebSocketClass = new (url: string, protocols: string[]) => WebSocketLike

const OPEN = 1

/** WebSockets of a class, to one server. */
export const webSockets = (WebSocket: WebSocketClass, url: string): Transport => ({
  open(protocol, { opened, frame, closed }) {
    const socket = new WebSocket(url, [protocol])
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => opened(socket.protocol))
    socket.addEventListener('message', ({ data }) =>
      frame(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer)),
    )
    // Errors say nothing that the close after them does not; without a listener `ws` would throw them.
    socket.addEventListener('error', () => {})
    socket.addEventListener('close', ({ code = 1006, reason = '' }) => closed(code, reason))
    return {
      get buffered() {
        return socket.bufferedAmount
      },
      sizeOf: (data) => new Blob([data as string]).size,
      send(data) {
        if (socket.readyState === OPEN) socket.send(data as string | Uint8Array<ArrayBuffer>)
      },
      close(code, reason) {
        // At most 123 bytes (RFC 6455 §5.5), which as many characters of any script fit in.
        socket.close(code, reason.slice(0, 40))
      },
    }
  },
})
