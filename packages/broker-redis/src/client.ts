/** The one file that knows @redis/client: what of it is used, and how it is set up. */
import { createClient, RESP_TYPES } from '@redis/client'
import type { Address } from './address.js'
import { messageOf, tooOld } from './failures.js'

/** What comes on a topic. */
export type Heard = (message: Buffer, topic: Buffer) => void

/** A client for one connection: once lost, it stays so. */
export interface Client {
  readonly isReady: boolean
  connect(): Promise<unknown>
  /** Ends the connection at once; what waits for an answer is rejected. */
  destroy(): void
  /** Sends a command; strings in the answer are Buffers. */
  send(args: readonly (string | Buffer)[]): Promise<unknown>
  subscribe(topics: string[], heard: Heard): Promise<void>
  unsubscribe(topics: string[], heard: Heard): Promise<void>
}

/** So many commands may wait for an answer: beyond that Redis is too slow, and memory is not to pay for it. */
const MOST_WAITING = 200_000
/** No timer per command: the connection as a whole is watched. */
const SENDING = { typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer }, timeout: 0 } as const
const OLDEST = [6, 2] as const

export function makeClient(address: Address, lost: (why: string) => void): Client {
  const { host, port, tls, username, password, database } = address
  const client = createClient({
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: MOST_WAITING,
    socket: { host, port, ...(tls ? { tls } : {}), reconnectStrategy: false },
  })
  client.on('error', (error) => lost(messageOf(error)))
  client.on('end', () => lost('the connection ended'))
  return {
    get isReady() {
      return client.isReady
    },
    connect: () => client.connect(),
    destroy: () => client.destroy(),
    send: (args) => client.sendCommand(args, SENDING),
    subscribe: (topics, heard) => client.subscribe(topics, heard, true),
    unsubscribe: (topics, heard) => client.unsubscribe(topics, heard, true),
  }
}

export function discard(client: Client): void {
  try {
    client.destroy()
  } catch {
    // It was destroyed before, or never opened.
  }
}

/** Rejects when this Redis cannot be used: too old, or still reading its data. */
export async function checkServer(client: Client, where: string): Promise<void> {
  const info = String(await client.send(['INFO', 'server']))
  const version = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown'
  const [major = 0, minor = 0] = version.split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) throw tooOld(version, where)
  // Answered with LOADING until the data is there.
  await client.send(['PING'])
}
