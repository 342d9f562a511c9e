/** Whose readers are slow. */
import type { DialectName } from '../generator/dialects.js'
import type { Feed, Library } from './commands.js'

export const SLOW_PEERS = ['millrace', 'ws', 'socket.io'] as const
export type SlowPeer = (typeof SLOW_PEERS)[number]

export interface SlowSpec {
  readonly title: string
  /** File in servers/, without its ending. */
  readonly server: string
  readonly dialect: DialectName
  readonly library: Library
  readonly feed: Feed
}

/**
 * 0.2 MB/s for each reader. A link of 64 kbit/s carries 35 publications of 100 B in a second, with what Millrace says about each: so of
 * twenty keys that change all the time it can be told the newest value of each nearly twice a second, and of a thousand twice a minute,
 * whatever a server does.
 */
const SMALL: Feed = { size: 100, keys: 20, each: 2000 }
/** The same in longer messages: 400,000 a second for two hundred readers is more than these servers can send. */
const LARGE: Feed = { size: 1000, keys: 20, each: 200 }

export const SPECS: { readonly [P in SlowPeer]: SlowSpec } = {
  millrace: { title: 'Millrace', server: 'millrace', dialect: 'millrace', library: 'millrace', feed: SMALL },
  ws: { title: 'ws', server: 'ws', dialect: 'raw', library: 'ws', feed: LARGE },
  'socket.io': {
    title: 'Socket.IO',
    server: 'socket-io',
    dialect: 'socket.io',
    library: 'socket.io',
    feed: LARGE,
  },
}
