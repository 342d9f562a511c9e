/**
 * How a publication, an ephemeral message or a member is written in Redis: a byte for the format, one for the codec, one
 * that says which names follow, the names as UTF-8 with their length before them, and then the payload to the end. What
 * the broker itself decides (offset, time, since) stands beside it, in plain text.
 */
import { type Payload, type Publisher, type StoredPayload, toStored } from '@millrace/protocol'

export interface Envelope {
  readonly id?: string | undefined
  readonly from?: Publisher | undefined
  readonly exclude?: string | undefined
  readonly data: Payload
  readonly key?: string | undefined
  readonly removed?: true | undefined
}

export interface OpenedEnvelope extends Envelope {
  readonly data: StoredPayload
}

const FORMAT = 1
/** With a key: what an older version would take for the payload's beginning. */
const FORMAT_WITH_KEY = 2
/** Written in Redis: a number never changes its meaning. */
const CODECS = ['json', 'msgpack', 'protobuf', 'raw'] as const
const HAS = { id: 1, session: 2, user: 4, exclude: 8, key: 16, removed: 32 } as const

export function seal({ id, from, exclude, data, key, removed }: Envelope): Buffer {
  const stored = toStored(data)
  const payload = stored.codec === 'json' ? stored.text : stored.bytes
  const names: string[] = []
  let has = removed ? HAS.removed : 0
  const add = (flag: number, name: string | undefined): void => {
    if (name === undefined) return
    has |= flag
    names.push(name)
  }
  add(HAS.id, id)
  add(HAS.session, from?.session)
  add(HAS.user, from?.user)
  add(HAS.exclude, exclude)
  add(HAS.key, key === undefined ? undefined : writtenKey(key))
  const sizes = names.map((name) => Buffer.byteLength(name))
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length
  const buffer = Buffer.allocUnsafe(3 + sizes.reduce((sum, size) => sum + 4 + size, 0) + length)
  buffer[0] = has < HAS.key ? FORMAT : FORMAT_WITH_KEY
  buffer[1] = CODECS.indexOf(stored.codec)
  buffer[2] = has
  let at = 3
  for (const [index, name] of names.entries()) {
    at = buffer.writeUInt32BE(sizes[index] ?? 0, at)
    at += buffer.write(name, at)
  }
  if (typeof payload === 'string') buffer.write(payload, at)
  else buffer.set(payload, at)
  return buffer
}

/** @throws {Error} for what this version did not write. */
export function unseal(buffer: Buffer): OpenedEnvelope {
  const codec = CODECS[buffer[1] ?? CODECS.length]
  if ((buffer[0] !== FORMAT && buffer[0] !== FORMAT_WITH_KEY) || codec === undefined)
    throw new Error(
      `Redis holds something in format ${buffer[0]}, codec ${buffer[1]}, which this version of @millrace/broker-redis does not know`,
    )
  const has = buffer[2] ?? 0
  let at = 3
  const take = (flag: number): string | undefined => {
    if ((has & flag) === 0) return undefined
    const start = at + 4
    at = start + buffer.readUInt32BE(at)
    return buffer.toString('utf8', start, at)
  }
  const id = take(HAS.id)
  const session = take(HAS.session)
  const user = take(HAS.user)
  const exclude = take(HAS.exclude)
  const written = take(HAS.key)
  return {
    id,
    from: session === undefined ? undefined : { session, user },
    exclude,
    data: payload(),
    key: written === undefined ? undefined : String(JSON.parse(written)),
    removed: (has & HAS.removed) === 0 ? undefined : true,
  }

  function payload(): StoredPayload {
    if (codec === 'json') return { codec, text: buffer.toString('utf8', at) }
    // A copy: what came from the socket is part of a larger piece, which it would keep in memory.
    return { codec: codec ?? 'raw', bytes: new Uint8Array(buffer.subarray(at)) }
  }
}

/** How a key is written in Redis: as JSON, for a key may hold half of a surrogate pair, which UTF-8 could not tell from others. */
export const writtenKey = (key: string): string => JSON.stringify(key)
