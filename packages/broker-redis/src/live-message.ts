/** What travels on a channel's Pub/Sub topic: a letter and a line of plain text, then an envelope. The scripts write it, see lua.ts. */
import type { Member, Position } from '@millrace/protocol'
import type { BrokerListener, PresenceChange } from '@millrace/server'
import { type OpenedEnvelope, unseal } from './envelope.js'

const CHANGES: { readonly [letter: string]: PresenceChange } = { j: 'joined', u: 'updated', d: 'departed' }

/** Where an ephemeral message begins; nothing is said about it. */
export const EPHEMERAL = Buffer.from('e\n')

/** Tells the listener what a message says; gives the position of a publication. Throws for one that this version does not know. */
export function hear(listener: BrokerListener, channel: string, message: Buffer): Position | undefined {
  const end = message.indexOf(10)
  const line = message.toString('latin1', 1, Math.max(end, 1))
  const envelope = unseal(message.subarray(end + 1))
  const { id, from, exclude, data, key, removed } = envelope
  switch (String.fromCharCode(message[0] ?? 0)) {
    case 'p': {
      const [offset, time, epoch = ''] = line.split(' ')
      const stored = { id, from, exclude, data, key, removed }
      const publication = { offset: Number(offset), time: Number(time), ...stored }
      listener.publication(channel, epoch, publication)
      return { epoch, offset: publication.offset }
    }
    case 'e':
      listener.ephemeral(channel, { from, exclude, data })
      return undefined
    case 'm': {
      const [letter = '', since] = line.split(' ')
      const change = CHANGES[letter]
      if (change === undefined) throw new Error(`a member changed in a way that is not known here: ${letter}`)
      listener.presence(channel, change, memberOf(envelope, Number(since)))
      return undefined
    }
    default:
      throw new Error('a message of a kind that is not known here')
  }
}

export function memberOf({ from, data }: OpenedEnvelope, since: number): Member {
  return { session: from?.session ?? '', user: from?.user, since, data }
}
