import {
  type CommandBodies,
  MillraceError,
  type Publisher,
  type ResolvedChannel,
  type StoredPayload,
} from '@millrace/protocol'
import type { Session } from '../session.js'
import { keyed, NOTHING, publishedAt } from '../state-channel.js'
import { streamOptionsOf } from '../stream-options.js'
import { andThen } from '../validation.js'
import { access, type Handler, resolve, type Services, stillMay } from './services.js'

/** Stores a publication and delivers it. The path most travelled: it waits only where there is something to wait for. */
export const publish: Handler<'publish'> = (services, session, body) => {
  const resolved = resolve(services, body.channel)
  const { message: schema, codec } = resolved.definition
  const allowed = services.policy.check(access(session, body.channel, 'publish'), resolved)
  const checked = andThen(allowed, () =>
    body.remove === undefined ? services.validator.arrived(body.data, { schema, codec }) : NOTHING,
  )
  const stored = andThen(checked, (message) =>
    andThen(turn(services, body.channel, message.payload), () => {
      stillMay(session, 'publish', body.channel)
      return services.append(
        body.channel,
        {
          id: body.id,
          from: publisher(session, resolved),
          // Of a state everybody has everything.
          exclude: resolved.definition.conflate === undefined ? excluded(session, body) : undefined,
          data: message.payload,
          version: body.version,
          ...keyed(resolved, message.value, body),
        },
        streamOptionsOf(resolved.definition),
      )
    }),
  )
  return andThen(stored, (appended) => ({ kind: 'published', body: publishedAt(appended, body.expect) }))
}

/** Delivers to whoever is there now. */
export const ephemeral: Handler<'ephemeral'> = (services, session, body) => {
  const resolved = resolve(services, body.channel)
  const { ephemeral: schema } = resolved.definition
  if (schema === undefined) {
    throw new MillraceError('not-available', {
      message: `'${resolved.pattern}' has no ephemeral messages`,
      field: 'channel',
    })
  }
  const allowed = services.policy.check(access(session, body.channel, 'ephemeral'), resolved)
  const checked = andThen(allowed, () => services.validator.arrived(body.data, { schema, codec: 'json' }))
  const sent = andThen(checked, ({ payload: data }) =>
    andThen(turn(services, body.channel, data), () => {
      stillMay(session, 'ephemeral', body.channel)
      return services.broker.send(body.channel, {
        from: publisher(session, resolved),
        exclude: excluded(session, body),
        data,
      })
    }),
  )
  return andThen(sent, () => ({ kind: 'sent', body: {} }))
}

/** Waits, where it goes to many here, until others have had their turn. [H11.8] */
const turn = (
  { fanOut, topics }: Services,
  channel: string,
  data: StoredPayload | undefined,
): Promise<void> | undefined => fanOut.take(topics.subscribers(channel), data)

const publisher = (session: Session, { definition }: ResolvedChannel): Publisher | undefined =>
  definition.identify ? { session: session.id, user: session.user?.id } : undefined

const excluded = (session: Session, body: CommandBodies['publish' | 'ephemeral']): string | undefined =>
  body.excludeSelf ? session.id : undefined
