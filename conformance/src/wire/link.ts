import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls, createSecureContext, TLSSocket } from 'node:tls'

/** How the subject ended its direction: FIN or END_STREAM, or an abort with a reason. */
export type LinkEnd = { readonly how: 'end' } | { readonly how: 'reset'; readonly why: string }

/** What a link tells its owner. */
export interface LinkHandler {
  data(bytes: Uint8Array): void
  /** At most once; no data comes after it. */
  end(end: LinkEnd): void
}

/** A two-way stream of bytes to the subject: a TCP or TLS connection, or one HTTP/2 stream. */
export interface Link {
  write(bytes: Uint8Array): void
  /** Ends the suite's direction only. */
  end(): void
  /** Aborts: RST on TCP, RST_STREAM on HTTP/2. */
  reset(): void
  /** Lets everything go. */
  destroy(): void
}

export interface Target {
  readonly host: string
  readonly port: number
  readonly tls: boolean
}

// One context for all dials: making one costs as much as the handshake.
const context = createSecureContext()

/** Opens a connection for the suite. Rejects when the subject does not accept it. */
export function dialSocket(target: Target, alpn: string): Promise<Socket> {
  const { host, port } = target
  return new Promise((resolve, reject) => {
    const socket = target.tls
      ? connectTls({
          host,
          port,
          rejectUnauthorized: false,
          ALPNProtocols: [alpn],
          servername: 'localhost',
          secureContext: context,
        })
      : connectTcp({ host, port, allowHalfOpen: true })
    // Without this the kernel would gather single bytes into one segment.
    socket.setNoDelay(true)
    socket.once(target.tls ? 'secureConnect' : 'connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** Wraps a connected socket. */
export function socketLink(socket: Socket, handler: LinkHandler): Link {
  let ended = false
  const end = (how: LinkEnd): void => {
    if (ended) return
    ended = true
    handler.end(how)
  }
  socket.setNoDelay(true)
  socket.on('data', (data: Buffer) =>
    handler.data(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  )
  socket.on('end', () => end({ how: 'end' }))
  socket.on('error', (error) => end({ how: 'reset', why: error.message }))
  socket.on('close', () => end({ how: 'end' }))
  return {
    write: (bytes) => {
      if (socket.writable) socket.write(bytes)
    },
    end: () => socket.end(),
    // TLS has no reset of its own; its socket can only be let go.
    reset: () => (socket instanceof TLSSocket ? socket.destroy() : socket.resetAndDestroy()),
    destroy: () => socket.destroy(),
  }
}
