import { z } from 'zod'
import { ACTIONS, Identity, MOST_TTL, wrongWith } from '../../hub/index.js'
import { checkUnlimited, operation } from '../operation.js'
import { Time, User, wrong } from '../schemas.js'

const Capabilities = z.strictObject({
  channels: z.record(z.string(), z.array(z.enum([...ACTIONS, '*']))).optional(),
  calls: z.array(z.string()).optional(),
})

export const ticketing = [
  operation({
    id: 'ticket',
    method: 'POST',
    path: '/tickets',
    scope: 'tickets',
    summary: 'Makes a ticket that lets a client in once, as a user, on whichever node',
    description:
      'For clients that can send neither a token nor a header, as `?ticket=…` in their URL. Each request makes another ticket, whatever its Idempotency-Key.',
    input: z.strictObject({
      user: z
        .union([User, z.looseObject({ id: User })], {
          error: 'must be the id of a user, or the user: an object with an id',
        })
        .describe('Id of a user, or the user with all that the server’s `auth` would say of it'),
      ttl: Time.refine((ms) => ms > 0 && ms <= MOST_TTL, 'must be above 0 and at most 4 minutes')
        .optional()
        .describe('How long it lets somebody in: milliseconds, or as `30s`. Default 30 s, at most 4 minutes'),
      capabilities: Capabilities.optional().describe(
        'All that its session may do, by names that may end in `*`. Default: what the server’s hooks allow the user',
      ),
      expires: z
        .number()
        .optional()
        .describe('When its session ends, in milliseconds since 1970. Default: never'),
    }),
    output: z.object({
      ticket: z.string(),
      expiresIn: z.int().describe('Milliseconds for which it lets somebody in'),
    }),
    async run({ user, ttl, capabilities, expires }, { hub, key }) {
      checkUnlimited(key)
      const problem = capabilities && wrongWith(capabilities)
      if (problem !== undefined) throw wrong('capabilities', problem)
      if (expires !== undefined && expires <= hub.now())
        throw wrong('expires', 'is over: it must be milliseconds since 1970')
      const whom = typeof user === 'string' ? { id: user } : user
      try {
        const issued = hub.revocations.issueTime(whom.id)
        return hub.tickets.make(new Identity(whom, { issued, expires, capabilities }), ttl)
      } catch (error) {
        // What is wrong here was asked for.
        if (error instanceof TypeError) throw wrong('user', error.message)
        throw error
      }
    },
  }),
]
