import type { Entering, Logger } from '@millrace/server'
import type { DiskStreams } from './disk-streams.js'
import type { Store } from './store.js'

export interface DiskMembersParts {
  readonly store: Store
  readonly streams: DiskStreams
  readonly logger: Logger
}

export interface DiskMember {
  readonly channel: string
  readonly member: Entering
}

/**
 * Who was where when the process ended, so that who comes back in time was never away. Nobody waits for these writes: what a crash
 * takes of them is a member that departs late, or enters anew.
 */
export class DiskMembers {
  readonly #parts: DiskMembersParts

  constructor(parts: DiskMembersParts) {
    this.#parts = parts
  }

  /** Those of the process before. */
  read(): DiskMember[] {
    return this.#parts.store.members().map(({ channel, bytes }) => ({ channel, member: decode(bytes) }))
  }

  put(channel: string, member: Entering): void {
    if (isKept(channel)) this.#write((writer) => writer.putMember(channel, member.session, encode(member)))
  }

  remove(channel: string, session: string): void {
    if (isKept(channel)) this.#write((writer) => writer.removeMember(channel, session))
  }

  #write(change: Parameters<DiskStreams['write']>[0]): void {
    const { streams, logger } = this.#parts
    streams
      .write(change)
      .catch((error: unknown) => logger.warn('Presence could not be kept on disk', { error }))
  }
}

/** Names beginning so are the nodes' own, and say who is alive: that ends with the process. */
const isKept = (channel: string): boolean => !channel.startsWith('@')

/** Binary payloads are written in base64. */
type Written = Omit<Entering, 'data'> & {
  readonly data: { readonly codec: string; readonly text?: string; readonly base64?: string }
}

function encode({ data, ...member }: Entering): Buffer {
  const { codec } = data
  const written =
    'bytes' in data
      ? { codec, base64: Buffer.from(data.bytes).toString('base64') }
      : { codec, text: 'text' in data ? data.text : JSON.stringify(data.value) }
  return Buffer.from(JSON.stringify({ ...member, data: written } satisfies Written))
}

function decode(bytes: Buffer): Entering {
  const { data, ...member } = JSON.parse(bytes.toString()) as Written
  const { codec, text, base64 } = data
  const payload = base64 === undefined ? { codec, text } : { codec, bytes: Buffer.from(base64, 'base64') }
  return { ...member, data: payload as Entering['data'] }
}
