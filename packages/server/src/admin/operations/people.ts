import { CODES, type CodeName, MillraceError } from '@millrace/protocol'
import { z } from 'zod'
import { ACTIONS, type Revocable, wrongWithRevocable } from '../../hub/index.js'
import { checkUnlimited, operation } from '../operation.js'
import { Ended, Name, TARGET, Time, targetOf, wrong } from '../schemas.js'

/** The codes with which a connection is closed. */
const CLOSES = (Object.keys(CODES) as CodeName[]).filter((name) => CODES[name].code >= 4000) as [
  CodeName,
  ...CodeName[],
]

export const people = [
  operation({
    id: 'disconnect',
    method: 'POST',
    path: '/disconnect',
    scope: 'people',
    summary: 'Closes the connections of a user, or of a session, on all nodes',
    description:
      'With the default code clients stay away until they are told to connect again; nothing keeps them from it: see revoke.',
    input: z.strictObject({
      ...TARGET,
      reason: z.string().max(120).optional().describe('For people'),
      code: z.enum(CLOSES).default('disconnected'),
    }),
    output: Ended,
    async run({ reason, code, ...target }, { hub, key }) {
      checkUnlimited(key)
      const { sessions, silent } = await hub.disconnections.disconnect(targetOf(target), { code, reason })
      return { sessions, silent: [...silent] }
    },
  }),
  operation({
    id: 'revoke',
    method: 'POST',
    path: '/revoke',
    scope: 'people',
    summary: 'Takes away from a user, a session or a token what it may, on all nodes',
    description:
      'Their connections end within a second, and new ones are refused. Of a user, tokens that are issued later are welcome. With `channels` or `calls` only these are taken away, and connections live on: subscriptions that are not allowed any more end, and so is refused what is not allowed. Different things add up; the same, said again, has the new `for`, and 0 gives it back.',
    input: z.strictObject({
      ...TARGET,
      tokenId: Name.optional().describe('The token of that name (`jti`)'),
      channels: z
        .record(Name, z.array(z.enum([...ACTIONS, '*'])).min(1))
        .optional()
        .describe('Only these actions, by channel: a name that may end in `*`. `*` stands for all actions'),
      calls: z.array(Name).min(1).optional().describe('Only these calls, by names that may end in `*`'),
      for: Time.optional().describe(
        'For how long it is remembered: milliseconds, or as `24h`. Default a day, at most 30',
      ),
    }),
    output: Ended,
    async run({ for: lasts, ...what }, { hub, key }) {
      checkUnlimited(key)
      if (!hub.asksWho)
        throw new MillraceError('not-available', {
          message: 'The server has no auth: nobody is known by anything',
        })
      const { sessions, silent } = await hub.revocations.revoke(revocable(what), lasts)
      return { sessions, silent: [...silent] }
    },
  }),
]

function revocable(what: Revocable): Revocable {
  const { field, message } = wrongWithRevocable(what) ?? {}
  if (field === undefined || message === undefined) return what
  throw wrong(field, message)
}
