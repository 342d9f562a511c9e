import { type CommandBodies, MillraceError, type Publisher, type ResolvedChannel } from '@millrace/protocol'
import type { Session } from '../session.js'
import { andThen } from '../validation.js'
import { access, type Handler, retentionOf } from './services.js'

/** Stores a publication and delivers it. The path most travelled: it waits only where there is something to wait for. */
export const publish: Handler<'publish'> = (services, session, body) => {
  const resolved = services.channels.resolve(body.channel)
  const { message: schema, codec } = resolved.definition
  return andThen(
    services.policy.check({ ...access(session, body.channel), action: 'publish' }, resolved),
    () =>
      andThen(services.validator.arrived(body.data, { schema, codec }), async ({ payload }) => {
        const publication = {
          id: body.id,
          from: publisher(session, resolved),
          exclude: excluded(session, body),
          data: payload,
        }
        const position = await services.broker.append(
          body.channel,
          publication,
          retentionOf(resolved.definition),
        )
        return { kind: 'published', body: { position } } as const
      }),
  )
}

/** Delivers to whoever is there now. */
export const ephemeral: Handler<'ephemeral'> = (services, session, body) => {
  const resolved = services.channels.resolve(body.channel)
  const { ephemeral: schema } = resolved.definition
  if (schema === undefined) {
    throw new MillraceError('not-available', {
      message: `'${resolved.pattern}' has no ephemeral messages`,
      field: 'channel',
    })
  }
  return andThen(
    services.policy.check({ ...access(session, body.channel), action: 'ephemeral' }, resolved),
    () =>
      andThen(services.validator.arrived(body.data, { schema, codec: 'json' }), async ({ payload }) => {
        const event = { from: publisher(session, resolved), exclude: excluded(session, body), data: payload }
        await services.broker.send(body.channel, event)
        return { kind: 'sent', body: {} } as const
      }),
  )
}

const publisher = (session: Session, { definition }: ResolvedChannel): Publisher | undefined =>
  definition.identify ? { session: session.id, user: session.user?.id } : undefined

const excluded = (session: Session, body: CommandBodies['publish' | 'ephemeral']): string | undefined =>
  body.excludeSelf ? session.id : undefined
