import { recover } from '../recovery.js'
import { streamOptionsOf } from '../stream-options.js'
import { readable } from '../topic.js'
import { access, type Handler } from './services.js'

/** How many publications a page holds when the client does not say. */
const PAGE = 100

/** Reads stored publications: after a position, or a page of what came before an offset. */
export const history: Handler<'history'> = async (services, session, { channel, since, before, limit }) => {
  const resolved = services.channels.resolve(channel)
  await services.policy.check({ ...access(session, channel), action: 'history' }, resolved)
  const keeping = streamOptionsOf(resolved.definition)
  const most = Math.min(limit ?? PAGE, Math.max(keeping.size, 1))
  if (since === undefined) {
    const slice = await services.broker.read(
      channel,
      { before: before ?? Number.MAX_SAFE_INTEGER, limit: most },
      keeping,
    )
    const publications = readable(slice.publications, session.id)
    return { kind: 'history', body: { channel, position: slice.head, publications, more: slice.more } }
  }
  const slice = await services.broker.read(channel, { since, limit: most }, keeping)
  const { gap, publications } = recover(since, slice)
  const body = {
    channel,
    position: slice.head,
    gap,
    publications: readable(publications, session.id),
    more: slice.more,
  }
  return { kind: 'history', body }
}
