import type { Gap, Position } from '@millrace/protocol'
import type { StreamOptions, StreamSlice } from '../broker-ports.js'
import { type Recovery, recover } from '../recovery.js'
import type { Session } from '../session.js'
import { streamOptionsOf } from '../stream-options.js'
import { readable } from '../topic.js'
import { newest, oldest } from './portion.js'
import { access, type Handler, type Services, stillMay } from './services.js'
import { weightOf } from './weight.js'

/** How many publications a page holds when the client does not say. */
const PAGE = 100

/** Reads stored publications: after a position, or a page of what came before an offset. */
export const history: Handler<'history'> = async (services, session, { channel, since, before, limit }) => {
  const { channels, limits } = services
  const resolved = channels.resolve(channel)
  // A subscriber that asks for what it missed and did not fit into one reply. [H2.3]
  const isRecovery = since !== undefined && session.subscriptions.has(channel)
  if (!isRecovery) await services.policy.check(access(session, channel, 'history'), resolved)
  const keeping = streamOptionsOf(resolved.definition)
  const most = Math.min(limit ?? PAGE, Math.max(keeping.size, 1))
  const page = { channel, limit: most, keeping }
  const { head, gap, publications, more } = await session.read(
    () => {
      stillMay(session, isRecovery ? 'subscribe' : 'history', channel)
      return since === undefined
        ? readBefore(services, { ...page, before: before ?? Number.MAX_SAFE_INTEGER })
        : readSince(services, session, { ...page, since })
    },
    { weight: weightOf(most) },
  )
  return {
    kind: 'history',
    // Made as it is written: a promise that has waited for long lies among V8's old objects, and takes what it is resolved with there.
    get body() {
      const fitting = since === undefined ? newest : oldest
      const portion = fitting(readable(publications, session.id), limits.recovery)
      return { channel, position: head, gap, ...portion, more: portion.more || more }
    },
  }
}

interface Page {
  readonly channel: string
  readonly limit: number
  readonly keeping: StreamOptions
}

type Read = Pick<StreamSlice, 'head' | 'publications' | 'more'> & { readonly gap?: Gap | undefined }

const readBefore = (
  { broker }: Services,
  { channel, before, limit, keeping }: Page & { readonly before: number },
): Promise<Read> => broker.read(channel, { before, limit }, keeping)

async function readSince(
  { broker }: Services,
  { id }: Session,
  { channel, since, limit, keeping }: Page & { readonly since: Position },
): Promise<Read> {
  let slice = await broker.read(channel, { since, limit }, keeping)
  let { gap, publications } = recovery(since, slice, keeping)
  // A page of which nothing is for this session would look like the end of the stream.
  while (slice.more && publications.every(({ exclude }) => exclude === id)) {
    const offset = slice.publications.at(-1)?.offset ?? slice.head.offset
    const next = { epoch: slice.head.epoch, offset }
    slice = await broker.read(channel, { since: next, limit }, keeping)
    const further = recovery(next, slice, keeping)
    gap ??= further.gap
    publications = further.publications
  }
  return { head: slice.head, gap, publications, more: slice.more }
}

/** Of a state nothing is missing that was superseded or forgotten. */
function recovery(since: Position, slice: StreamSlice, { latest }: StreamOptions): Recovery {
  const { floor: _, ...kept } = slice
  return recover(since, latest ? kept : slice)
}
