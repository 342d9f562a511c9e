/** Whose continuity is measured. */
import type { ClientsSetup } from './commands.js'

export const CONTINUITY_PEERS = ['millrace', 'socket.io', 'socket.io-recovery'] as const
export type ContinuityPeer = (typeof CONTINUITY_PEERS)[number]

export interface ContinuitySpec {
  readonly title: string
  /** File in servers/, without its ending, and what it is given. */
  readonly server: 'millrace' | 'socket-io'
  readonly serverSetup: object
  readonly clients: ClientsSetup
  /**
   * Connections that one client may have at the same time: Socket.IO's begins with one to ask and one to say, and has a third while it changes to a
   * WebSocket.
   */
  readonly connections: number
}

export const SPECS: { readonly [P in ContinuityPeer]: ContinuitySpec } = {
  millrace: {
    title: 'Millrace',
    server: 'millrace',
    serverSetup: {},
    clients: { library: 'millrace', tellsGaps: true },
    connections: 1,
  },
  'socket.io': {
    title: 'Socket.IO',
    server: 'socket-io',
    serverSetup: { recovers: false },
    clients: { library: 'socket.io', tellsGaps: false },
    connections: 3,
  },
  'socket.io-recovery': {
    title: 'Socket.IO with recovery',
    server: 'socket-io',
    serverSetup: { recovers: true },
    clients: { library: 'socket.io', tellsGaps: true },
    connections: 3,
  },
}
