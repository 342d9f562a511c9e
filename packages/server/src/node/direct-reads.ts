/**
 * Reading sockets into memory that is there already, as Node does for who gives `net.connect` an `onread`. Sockets that a server has accepted have no documented way
 * to it: see docs/decisions/0016. [E39]
 */
import { Socket } from 'node:net'
import { descriptorOf, type MaybeSocket, NO_DESCRIPTOR, type SocketHandle } from './descriptor.js'

/** Told how many bytes were read into the memory. */
export type OnRead = (this: Socket, count: number) => void

/** What a handle can do besides. */
interface Reading extends SocketHandle {
  readonly useUserBuffer?: (memory: Uint8Array) => void
}

/** By name, where sockets of this Node have what `onread` says; undefined where this Node has it elsewhere. */
const [BUFFER, CALLBACK] = ['kBuffer', 'kBufferCb'].map((name) =>
  Object.getOwnPropertySymbols(new Socket()).find(({ description }) => description === name),
)

/**
 * Has what a socket reads from now on told to `onRead`, and not to its stream; what the stream has already it tells as ever, and the end. False, and nothing has changed, where that
 * cannot be had: over TLS and HTTP/2, of streams made in JavaScript.
 */
export function readDirectly(stream: MaybeSocket, memory: Uint8Array, onRead: OnRead): boolean {
  if (descriptorOf(stream) === NO_DESCRIPTOR || BUFFER === undefined || CALLBACK === undefined) return false
  const handle: Reading = stream._handle ?? {}
  if (typeof handle.useUserBuffer !== 'function') return false
  Object.assign(stream, { [BUFFER]: memory, [CALLBACK]: onRead })
  handle.useUserBuffer(memory)
  return true
}
