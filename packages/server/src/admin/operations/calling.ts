import { MillraceError } from '@millrace/protocol'
import { z } from 'zod'
import { checkUnlimited, type OperationContext, operation } from '../operation.js'
import { Name, TARGET, Time, targetOf, User } from '../schemas.js'

const CALL = {
  method: Name.describe('The call, as the api names it'),
  request: z.unknown().default(null),
  timeout: Time.optional().describe(
    'How long the client may take to answer. Default: as the api says, or 10 s',
  ),
}
const Answer = z.unknown().describe('What the client answered')
/** No request waits longer for a device, in milliseconds. */
const WAITS = 30_000

export const calling = [
  operation({
    id: 'call',
    method: 'POST',
    path: '/call',
    scope: 'call',
    summary:
      'Calls a session, or the newest of a user’s, on whichever node, and answers with what it answered',
    description:
      'It is carried out at most once, and takes no Idempotency-Key: for calls that may be repeated there are commands.',
    input: z.strictObject({ ...TARGET, ...CALL }),
    output: z.object({ response: Answer }),
    async run({ method, request, timeout, ...target }, { hub, key, once }) {
      checkUnlimited(key)
      if (once !== undefined)
        throw new MillraceError('not-available', {
          message: 'A call cannot be repeated: leave Idempotency-Key out, or use /commands',
          field: 'Idempotency-Key',
        })
      return { response: await hub.handlers.callTarget(targetOf(target), { method, request, timeout }) }
    },
  }),
  operation({
    id: 'command',
    method: 'POST',
    path: '/commands',
    scope: 'call',
    summary: 'Asks a device of a user, now or when one is there',
    description:
      'Answered when it is stored; with `wait` when the device has answered, or at the end of that time without a response. Repeated with the same Idempotency-Key, or id, it is the same command, carried out once.',
    input: z.strictObject({
      user: User,
      ...CALL,
      ttl: Time.optional().describe(
        'How long it may wait for a device. Default, and at most: as the api says',
      ),
      key: Name.optional().describe(
        'Of a user’s commands with the same key one is carried out after the other',
      ),
      id: Name.optional(),
      wait: Time.optional().describe(
        'How long this request waits for the device: 30 s at most. Default: not at all',
      ),
    }),
    output: z.object({ id: z.string(), response: Answer.optional() }),
    async run({ user, wait, id, ...call }, context) {
      checkUnlimited(context.key)
      const accepted = await context.hub.commands.ask(user, { ...call, id: id ?? context.once })
      const answered = wait === undefined ? undefined : await within(accepted.answer, wait, context)
      return { id: accepted.id, ...answered }
    },
  }),
  operation({
    id: 'pendingCommands',
    method: 'GET',
    path: '/users/{user}/commands',
    scope: 'call',
    summary: 'The commands that wait for a user or are under way, in order',
    input: z.strictObject({ user: User }),
    output: z.object({
      commands: z.array(
        z.object({
          id: z.string(),
          method: z.string(),
          request: z.unknown(),
          key: z.string().optional(),
          asked: z.number().describe('Milliseconds since 1970'),
          expires: z.number(),
          state: z.enum(['waiting', 'running']),
        }),
      ),
    }),
    async run({ user }, { hub, key }) {
      checkUnlimited(key)
      return { commands: [...(await hub.commands.list(user))] }
    },
  }),
  operation({
    id: 'cancelCommand',
    method: 'POST',
    path: '/users/{user}/commands/{id}/cancel',
    scope: 'call',
    summary: 'Gives up a command that waits',
    input: z.strictObject({ user: User, id: Name }),
    output: z.object({ cancelled: z.boolean().describe('False when it is under way, over, or not known') }),
    async run({ user, id }, { hub, key }) {
      checkUnlimited(key)
      return { cancelled: await hub.commands.cancel(user, id) }
    },
  }),
]

/** The answer, if it comes in time. */
function within(
  answer: Promise<unknown>,
  milliseconds: number,
  { schedule }: Pick<OperationContext, 'schedule'>,
): Promise<{ readonly response?: unknown }> {
  return new Promise((resolve, reject) => {
    const cancel = schedule(Math.min(milliseconds, WAITS), () => resolve({}))
    answer.then((response) => resolve({ response }), reject).finally(cancel)
  })
}
