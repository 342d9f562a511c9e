/**
 * The descriptor beneath a socket. While nothing waits in the socket's stream, bytes written to its descriptor are the
 * same bytes in the same order, for less than half of what the stream costs: see docs/decisions/0006.
 */
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'

/** What Node keeps in `_handle`: null from the moment the descriptor is closed, after which its number may be another's. */
export interface SocketHandle {
  readonly fd?: unknown
}

/** A stream that may be a socket of Node's; `_handle` is not documented, so nothing relies on its being there. */
export interface MaybeSocket extends Duplex {
  readonly _handle?: SocketHandle | null
}

/** A descriptor nobody has. */
export const NO_DESCRIPTOR = -1
/** What `writeThrough` answers when the descriptor is of no use; the stream will find out why. */
export const REFUSED = -1

/** The number to write to, or `NO_DESCRIPTOR` where bytes must pass the stream: TLS, HTTP/2, streams in JavaScript. */
export function descriptorOf(stream: MaybeSocket): number {
  const isPlainSocket = stream instanceof Socket && !(stream instanceof TLSSocket)
  const fd = isPlainSocket ? (stream as MaybeSocket)._handle?.fd : undefined
  return typeof fd === 'number' && fd >= 0 ? fd : NO_DESCRIPTOR
}

/** Writes what the operating system takes at once: answers how many bytes that were, or `REFUSED`. Never throws. */
export function writeThrough(descriptor: number, bytes: Buffer): number {
  try {
    return writeSync(descriptor, bytes)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : REFUSED
  }
}

/**
 * Ends a socket at once, and takes back what the operating system holds of it unsent: megabytes, which would reach a slow reader long
 * after. Where that cannot be had, as over TLS, it is only destroyed.
 */
export function reset(stream: MaybeSocket): void {
  if (descriptorOf(stream) !== NO_DESCRIPTOR && stream instanceof Socket) stream.resetAndDestroy()
  else stream.destroy()
}
