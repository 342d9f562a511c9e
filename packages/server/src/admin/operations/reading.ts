import { toBase64 } from '@millrace/protocol'
import { z } from 'zod'
import { checkChannel, checkUnlimited, operation } from '../operation.js'
import { Channel, Offset, Position } from '../schemas.js'

const Message = z.unknown().describe('The message; of a channel whose codec is `raw` its bytes in base64')
const From = z.object({ session: z.string().optional(), user: z.string().optional() }).partial()

/** Bytes as JSON has them. */
const written = (value: unknown): unknown => (value instanceof Uint8Array ? toBase64(value) : value)

export const reading = [
  operation({
    id: 'history',
    method: 'GET',
    path: '/channels/{channel}/history',
    scope: 'read',
    summary: 'The newest publications of a channel, oldest first',
    input: z.strictObject({
      channel: Channel,
      limit: z.coerce.number().int().min(1).max(1_000).default(100),
      before: z.coerce.number().int().positive().optional().describe('Those before this offset'),
    }),
    output: z.object({
      position: Position.omit({ skipped: true }).describe('Head of the stream when it was read'),
      publications: z.array(
        z.object({
          message: Message,
          offset: Offset,
          time: z.number().describe('Milliseconds since 1970'),
          id: z.string().optional(),
          from: From.optional(),
        }),
      ),
    }),
    async run({ channel, limit, before = Number.MAX_SAFE_INTEGER }, { hub, key }) {
      checkChannel(key, channel)
      const { position, publications } = await hub.history(channel, { limit, before })
      return {
        position,
        publications: publications.map(({ message, offset, time, id, from }) => ({
          ...{ message: written(message), offset, time, id, from },
        })),
      }
    },
  }),
  operation({
    id: 'presence',
    method: 'GET',
    path: '/channels/{channel}/presence',
    scope: 'read',
    summary: 'Who is in a channel',
    input: z.strictObject({ channel: Channel }),
    output: z.object({
      members: z.array(
        z.object({
          session: z.string(),
          user: z.string().optional(),
          since: z.number().describe('Milliseconds since 1970'),
          data: z.unknown(),
        }),
      ),
    }),
    async run({ channel }, { hub, key }) {
      checkChannel(key, channel)
      return { members: [...(await hub.presence(channel))] }
    },
  }),
  operation({
    id: 'stats',
    method: 'GET',
    path: '/stats',
    scope: 'stats',
    summary: 'How the node does that answers',
    input: z.strictObject({}),
    output: z.object({
      node: z.string(),
      nodes: z.array(z.string()).describe('The nodes that are alive, this one included'),
      sessions: z.int().describe('Sessions on this node'),
      slow: z.record(z.string(), z.number()).describe('What became of slow readers since the start'),
    }),
    async run(_, { hub, key }) {
      checkUnlimited(key)
      return {
        node: hub.cluster.node,
        nodes: [...(await hub.cluster.nodes())],
        sessions: hub.size,
        slow: { ...hub.counters },
      }
    },
  }),
]
