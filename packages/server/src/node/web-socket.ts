import { CLOSE_CODE, MAX_CLOSE_REASON_BYTES, type MessageKind } from '../websocket/index.js'
import { Connector, type ConnectorOptions, webSocketUrl } from './connect.js'
import { CloseEvent, ConnectFailureEvent, type WebSocketEventMap } from './web-socket-events.js'
import type { LinkHandler, WebSocketLink } from './websocket-link.js'

export type BinaryType = 'blob' | 'arraybuffer'
export type SendData = string | ArrayBufferLike | ArrayBufferView | Blob

const READY_STATE = { CONNECTING: 0, OPEN: 1, CLOSING: 2, CLOSED: 3 } as const
type ReadyState = (typeof READY_STATE)[keyof typeof READY_STATE]
type Listener<Name extends keyof WebSocketEventMap> = ((event: WebSocketEventMap[Name]) => void) | null

type AnyListener = (event: Event) => void

/** Codes an application may close with. websockets.spec.whatwg.org, close(). */
const FIRST_OWN_CODE = 3000
const LAST_OWN_CODE = 4999

/**
 * The WebSocket of the web platform (websockets.spec.whatwg.org) on this engine, for Node versions that have none. It
 * takes a connector's options where the platform takes subprotocols only, and its error events say what went wrong.
 */
export class WebSocket extends EventTarget {
  static readonly CONNECTING = READY_STATE.CONNECTING
  static readonly OPEN = READY_STATE.OPEN
  static readonly CLOSING = READY_STATE.CLOSING
  static readonly CLOSED = READY_STATE.CLOSED
  /** One handler for all: a link knows its WebSocket. */
  static readonly #handler: LinkHandler = {
    onMessage: (link, kind, bytes) => (link.data as WebSocket).#onMessage(kind, bytes),
    // budget: LinkHandler's signature
    onClose: (link, code, reason, wasClean) => (link.data as WebSocket).#onClose(code, reason, wasClean),
  }

  readonly CONNECTING = READY_STATE.CONNECTING
  readonly OPEN = READY_STATE.OPEN
  readonly CLOSING = READY_STATE.CLOSING
  readonly CLOSED = READY_STATE.CLOSED
  /** What a binary message is told as. */
  binaryType: BinaryType = 'blob'
  /** The agreed extensions are not told; this is the platform's field for them. */
  readonly extensions = ''
  readonly url: string
  readonly #connecting = new AbortController()
  #state: ReadyState = READY_STATE.CONNECTING
  #link: WebSocketLink | null = null
  /** What was sent behind a Blob waits until the Blob has been read. */
  #sending: Promise<void> | null = null
  #waitingBytes = 0
  #lostBytes = 0
  readonly #listeners = new Map<string, AnyListener>()

  /** @throws {DOMException} SyntaxError for a URL or subprotocol that cannot be. */
  constructor(url: string | URL, init: string | readonly string[] | ConnectorOptions = {}) {
    super()
    let connector: Connector
    try {
      this.url = webSocketUrl(url).href
      connector = new Connector(optionsOf(init))
    } catch (error) {
      throw isSyntaxProblem(error) ? new DOMException(error.message, 'SyntaxError') : error
    }
    void this.#open(connector)
  }

  get readyState(): ReadyState {
    return this.#state
  }

  /** The agreed subprotocol, or "". */
  get protocol(): string {
    return this.#link?.protocol ?? ''
  }

  /** Bytes sent that have not left yet, or never will because the connection is closing. */
  get bufferedAmount(): number {
    return this.#waitingBytes + this.#lostBytes + (this.#link?.bufferedBytes ?? 0)
  }

  /**
   * Sends a message; the data may change afterwards. Once closing, it is counted in `bufferedAmount` and dropped.
   * @throws {DOMException} InvalidStateError while connecting.
   */
  send(data: SendData): void {
    if (this.#state === READY_STATE.CONNECTING) {
      throw new DOMException('send() must wait for the open event', 'InvalidStateError')
    }
    if (this.#state !== READY_STATE.OPEN) {
      this.#lostBytes += sizeOf(data)
      return
    }
    if (data instanceof Blob) this.#sendLater(data.size, async () => new Uint8Array(await data.arrayBuffer()))
    else if (this.#sending === null) this.#sendNow(typeof data === 'string' ? data : copyOf(data))
    else {
      const copy = typeof data === 'string' ? data : copyOf(data)
      this.#sendLater(sizeOf(data), async () => copy)
    }
  }

  /**
   * Starts the closing handshake, behind what is still to be sent.
   * @throws {DOMException} InvalidAccessError unless the code is 1000 or 3000 to 4999; SyntaxError for a reason longer
   * than 123 bytes.
   */
  close(code?: number, reason = ''): void {
    if (
      code !== undefined &&
      code !== CLOSE_CODE.normal &&
      !(code >= FIRST_OWN_CODE && code <= LAST_OWN_CODE)
    ) {
      throw new DOMException(`close code ${code} must be 1000 or 3000 to 4999`, 'InvalidAccessError')
    }
    if (Buffer.byteLength(reason) > MAX_CLOSE_REASON_BYTES) {
      throw new DOMException(`a close reason has at most ${MAX_CLOSE_REASON_BYTES} bytes`, 'SyntaxError')
    }
    if (this.#state >= READY_STATE.CLOSING) return
    const wasConnecting = this.#state === READY_STATE.CONNECTING
    this.#state = READY_STATE.CLOSING
    if (wasConnecting) {
      this.#connecting.abort(new Error('closed before the connection was made'))
      return
    }
    // The platform's close(code) without a code sends an empty Close frame; a reason alone implies 1000.
    const sent = code ?? (reason === '' ? undefined : CLOSE_CODE.normal)
    if (this.#sending === null) this.#link?.close(sent, reason)
    else void this.#sending.then(() => this.#link?.close(sent, reason))
  }

  get onopen(): Listener<'open'> {
    return this.#listener('open')
  }
  set onopen(listener: Listener<'open'>) {
    this.#listen('open', listener)
  }

  get onmessage(): Listener<'message'> {
    return this.#listener('message')
  }
  set onmessage(listener: Listener<'message'>) {
    this.#listen('message', listener)
  }

  get onerror(): Listener<'error'> {
    return this.#listener('error')
  }
  set onerror(listener: Listener<'error'>) {
    this.#listen('error', listener)
  }

  get onclose(): Listener<'close'> {
    return this.#listener('close')
  }
  set onclose(listener: Listener<'close'>) {
    this.#listen('close', listener)
  }

  #listener<Name extends keyof WebSocketEventMap>(name: Name): Listener<Name> {
    return (this.#listeners.get(name) as Listener<Name> | undefined) ?? null
  }

  #listen<Name extends keyof WebSocketEventMap>(name: Name, listener: Listener<Name>): void {
    const before = this.#listeners.get(name)
    if (before !== undefined) this.removeEventListener(name, before)
    this.#listeners.delete(name)
    if (listener === null) return
    this.#listeners.set(name, listener as AnyListener)
    this.addEventListener(name, listener as AnyListener)
  }

  async #open(connector: Connector): Promise<void> {
    try {
      const link = await connector.connect(this.url, WebSocket.#handler, this.#connecting.signal)
      link.data = this
      this.#link = link
    } catch (error) {
      this.#state = READY_STATE.CLOSED
      this.dispatchEvent(new ConnectFailureEvent('error', error))
      this.dispatchEvent(new CloseEvent('close', { code: CLOSE_CODE.abnormal, reason: '', wasClean: false }))
      return
    }
    this.#state = READY_STATE.OPEN
    this.dispatchEvent(new Event('open'))
  }

  #sendNow(data: string | Uint8Array): void {
    this.#link?.send(typeof data === 'string' ? 'text' : 'binary', data)
  }

  #sendLater(size: number, read: () => Promise<string | Uint8Array>): void {
    this.#waitingBytes += size
    const before = this.#sending
    const task = async (): Promise<void> => {
      const reading = read()
      await before
      this.#sendNow(await reading)
    }
    const sending = task()
      // A Blob that cannot be read any more leaves a hole that nobody would notice.
      .catch(() => this.#link?.terminate())
      .then(() => {
        this.#waitingBytes -= size
        if (this.#sending === sending) this.#sending = null
      })
    this.#sending = sending
  }

  #onMessage(kind: MessageKind, bytes: Uint8Array): void {
    if (this.#state !== READY_STATE.OPEN) return
    const origin = new URL(this.url).origin
    this.dispatchEvent(new MessageEvent('message', { data: this.#dataOf(kind, bytes), origin }))
  }

  #dataOf(kind: MessageKind, bytes: Uint8Array): string | ArrayBuffer | Blob {
    if (kind === 'text') return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
    return this.binaryType === 'blob' ? new Blob([bytes]) : copyOf(bytes).buffer
  }

  #onClose(code: number, reason: string, wasClean: boolean): void {
    this.#state = READY_STATE.CLOSED
    if (!wasClean)
      this.dispatchEvent(new ConnectFailureEvent('error', new Error(reason || 'the connection broke')))
    this.dispatchEvent(new CloseEvent('close', { code, reason, wasClean }))
  }
}

function optionsOf(init: string | readonly string[] | ConnectorOptions): ConnectorOptions {
  if (typeof init === 'string') return { protocols: [init] }
  return isList(init) ? { protocols: init } : init
}

function isList(init: readonly string[] | ConnectorOptions): init is readonly string[] {
  return Array.isArray(init)
}

function isSyntaxProblem(error: unknown): error is Error {
  // `new URL` throws a TypeError for what it cannot parse.
  return error instanceof SyntaxError || error instanceof TypeError
}

function sizeOf(data: SendData): number {
  if (typeof data === 'string') return Buffer.byteLength(data)
  return data instanceof Blob ? data.size : data.byteLength
}

function copyOf(data: ArrayBufferLike | ArrayBufferView): Uint8Array<ArrayBuffer> {
  const view = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data)
  return Uint8Array.from(view)
}
