/** What is measured beside each other: servers, and transports by which their clients come. */

export const PEERS = ['millrace', 'socket.io'] as const
export type Peer = (typeof PEERS)[number]
export const TRANSPORTS = ['websocket', 'stream', 'poll'] as const
export type Transport = (typeof TRANSPORTS)[number]

/** What others are compared with. */
export const BASE: Transport = 'websocket'

/** A server whose clients all come by one transport. */
export interface Contestant {
  readonly peer: Peer
  readonly transport: Transport
}

const PEER_TITLES: { readonly [P in Peer]: string } = { millrace: 'Millrace', 'socket.io': 'Socket.IO' }
const TRANSPORT_TITLES: { readonly [T in Transport]: string } = {
  websocket: 'WebSocket',
  stream: 'HTTP streaming',
  poll: 'long polling',
}
/** Files in servers/, without their ending. */
export const SERVERS: { readonly [P in Peer]: string } = { millrace: 'millrace', 'socket.io': 'socket-io' }

/** Socket.IO has no streaming. */
const HAS: { readonly [P in Peer]: readonly Transport[] } = {
  millrace: TRANSPORTS,
  'socket.io': ['websocket', 'poll'],
}

export const contestantsOf = (peers: readonly Peer[], transports: readonly Transport[]): Contestant[] =>
  peers.flatMap((peer) =>
    HAS[peer].filter((transport) => transports.includes(transport)).map((transport) => ({ peer, transport })),
  )

export const transportTitle = (transport: Transport): string => TRANSPORT_TITLES[transport]

export const peerTitle = (peer: Peer): string => PEER_TITLES[peer]

export const titleOf = ({ peer, transport }: Contestant): string =>
  `${PEER_TITLES[peer]}, ${TRANSPORT_TITLES[transport]}`

export const isSame = (one: Contestant, other: Contestant): boolean =>
  one.peer === other.peer && one.transport === other.transport
