/** An api with everything an api can have, for what the document makes of it. */
import { call, channel, defineApi } from '@millrace/protocol'
import { z } from 'zod'

const User = z
  .object({ id: z.string(), name: z.string() })
  .meta({ id: 'User', description: 'Who somebody is.' })

/** Recursive, and with a name of its own. */
const Comment = z
  .object({
    author: User,
    text: z.string().min(1).max(2000),
    get replies() {
      return z.array(Comment).optional()
    },
  })
  .meta({ id: 'Comment' })

export const api = defineApi({
  channels: {
    'chat:{room}': channel({
      description: 'What is said in a room.',
      message: Comment,
      ephemeral: z.object({ typing: z.boolean() }),
      presence: User,
      history: { size: 200, ttl: '24h' },
      publish: 'anyone',
      identify: true,
      durability: 'disk',
      slow: 'drop-oldest',
    }),
    'quotes:{market}': channel({
      message: z.object({ symbol: z.string(), price: z.number().positive(), at: z.iso.datetime() }),
      ephemeral: z.object({ looksAt: z.string() }),
      presence: z.object({ trader: z.string() }),
      conflate: 'symbol',
      codec: 'msgpack',
    }),
    'board:{id}:cell:{row}-{column}': channel({
      message: z.object({ row: z.int(), column: z.int(), text: z.string() }),
      conflate: ({ row, column }) => `${row}/${column}`,
      durability: 'memory',
    }),
    'firmware:all': channel({ codec: 'raw', history: { size: 1 } }),
    'trace:all': channel({
      codec: { name: 'protobuf', encode: () => new Uint8Array(), decode: () => ({ span: '' }) },
      message: z.object({ span: z.string() }),
    }),
    'log:all': channel(),
  },
  calls: {
    'device.command': call({
      description: 'Has a device do something, when it is there.',
      request: z.discriminatedUnion('do', [
        z.object({ do: z.literal('restart') }),
        z.object({
          do: z.literal('set'),
          key: z.string(),
          value: z.string().transform((text) => text.trim()),
        }),
      ]),
      response: z.object({ done: z.boolean().default(true) }),
      timeout: '30s',
      wait: { ttl: '7d', size: 20 },
    }),
    'photos/put': call({ codec: 'raw' }),
    ping: call(),
  },
})
