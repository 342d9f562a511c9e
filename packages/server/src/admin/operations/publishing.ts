import { MillraceError } from '@millrace/protocol'
import { z } from 'zod'
import { bodyOf, ErrorBody } from '../error-body.js'
import { checkChannel, type OperationContext, operation } from '../operation.js'
import { Channel, MESSAGE, messageOf, Name, Offset, Position, User, wrong } from '../schemas.js'

/** Publications of one request. */
const MOST = 1_000

const CHANGE = {
  ...MESSAGE,
  version: z
    .number()
    .optional()
    .describe('Grows with what the message says: one that is not above the last stored is not stored'),
  id: Name.optional().describe(
    'The same id within five minutes is stored once. Default: the Idempotency-Key',
  ),
}
const Publication = z.strictObject({
  channel: Channel,
  ...CHANGE,
  expect: Offset.optional().describe(
    'State channels: stored only if the newest value of the key has this offset, 0 for none',
  ),
})
const Outcome = z.union([
  Position.extend({ channel: Channel }),
  z.object({ channel: Channel, error: ErrorBody }),
])
type Outcome = z.input<typeof Outcome>

const REPEATED =
  'Repeated with the same Idempotency-Key, or id, within five minutes it is stored once, on whichever node.'

async function publish(
  { channel, id, version, expect, ...value }: z.output<typeof Publication>,
  { hub, key }: OperationContext,
  once: string | undefined,
): Promise<z.input<typeof Position>> {
  checkChannel(key, channel)
  return hub.publish(channel, messageOf(value), { id: id ?? once, version, expect })
}

/** Each by itself: what fails of one says nothing about another. */
const outcome = (channel: string, published: Promise<z.input<typeof Position>>): Promise<Outcome> =>
  published.then(
    ({ epoch, offset, skipped }) => ({ channel, epoch, offset, skipped }),
    (error: unknown) => {
      if (error instanceof MillraceError) return { channel, error: bodyOf(error) }
      throw error
    },
  )

export const publishing = [
  operation({
    id: 'publish',
    method: 'POST',
    path: '/publish',
    scope: 'publish',
    summary: 'Publishes to a channel',
    description: `Answered when it is stored, as durably as the channel is. ${REPEATED}`,
    input: Publication,
    output: Position,
    run: (input, context) => publish(input, context, context.once),
  }),
  operation({
    id: 'publishBatch',
    method: 'POST',
    path: '/batch',
    scope: 'publish',
    summary: `Publishes up to ${MOST} messages, those of one channel in their order`,
    description: `Each is stored or not by itself, and answered in its place. ${REPEATED}`,
    input: z.strictObject({ publications: z.array(Publication).min(1).max(MOST) }),
    output: z.object({ results: z.array(Outcome) }),
    async run({ publications }, context) {
      const last = new Map<string, Promise<unknown>>()
      const results = publications.map((one, index) => {
        const once = context.once && `${context.once}/${index}`
        const published = (last.get(one.channel) ?? Promise.resolve()).then(() =>
          outcome(one.channel, publish(one, context, once)),
        )
        last.set(one.channel, published)
        return published
      })
      return { results: await Promise.all(results) }
    },
  }),
  operation({
    id: 'broadcast',
    method: 'POST',
    path: '/broadcast',
    scope: 'publish',
    summary: `Publishes one message to up to ${MOST} channels, or to a channel of each of so many users`,
    description: `Each is stored or not by itself, and answered in its place. ${REPEATED}`,
    input: z.strictObject({
      channels: z.array(Channel).min(1).max(MOST).optional(),
      users: z.array(User).min(1).max(MOST).optional().describe('Instead of `channels`, with `channel`'),
      channel: z
        .string()
        .includes('{user}')
        .optional()
        .describe('The channel of a user, such as `inbox:{user}`'),
      ...CHANGE,
    }),
    output: z.object({ results: z.array(Outcome) }),
    async run({ channels, users, channel, ...message }, context) {
      const names = channels ?? users?.map((user) => channel?.replaceAll('{user}', user) ?? '')
      if (names === undefined || (channels === undefined) === (channel === undefined))
        throw wrong('channels', 'give either channels, or users and channel')
      messageOf(message)
      return {
        results: await Promise.all(
          names.map((name) => outcome(name, publish({ channel: name, ...message }, context, context.once))),
        ),
      }
    },
  }),
  operation({
    id: 'remove',
    method: 'POST',
    path: '/remove',
    scope: 'publish',
    summary: 'Takes the value of a key of a state channel away',
    description: REPEATED,
    input: z.strictObject({
      channel: Channel,
      key: Name,
      version: z.number().optional(),
      expect: Offset.optional(),
      id: Name.optional(),
    }),
    output: Position,
    async run({ channel, key: remove, id, version, expect }, { hub, key, once }) {
      checkChannel(key, channel)
      return hub.publish(channel, null, { remove, id: id ?? once, version, expect })
    },
  }),
  operation({
    id: 'send',
    method: 'POST',
    path: '/send',
    scope: 'publish',
    summary: 'Sends an ephemeral message to whoever is subscribed now; nothing is stored',
    input: z.strictObject({
      channel: Channel,
      message: z.unknown().refine((message) => message !== undefined, 'is missing'),
    }),
    output: z.object({}),
    async run({ channel, message }, { hub, key }) {
      checkChannel(key, channel)
      await hub.sendEphemeral(channel, message)
      return {}
    },
  }),
]
