/** What the application does with channels: no hook is asked. */
import { MillraceError, type Position, type Publication } from '@millrace/protocol'
import type { Appended, StreamRange } from './broker-ports.js'
import { resolve, type Services } from './commands/services.js'
import { keyed, NOTHING, publishedAt, type StateChange } from './state-channel.js'
import { streamOptionsOf } from './stream-options.js'
import { readable } from './topic.js'

/** How the application publishes. */
export interface PublishOptions extends StateChange {
  readonly id?: string | undefined
  readonly version?: number | undefined
}

export type DecodedPublication = Omit<Publication, 'data'> & { readonly message: unknown }
export interface DecodedMember {
  readonly session: string
  readonly user: string | undefined
  readonly since: number
  readonly data: unknown
}

export interface DecodedHistory {
  readonly position: Position
  readonly publications: readonly DecodedPublication[]
}

export async function publish(
  services: Services,
  channel: string,
  { message, id, version, ...change }: PublishOptions & { readonly message: unknown },
): Promise<Appended> {
  const { validator, append } = services
  const resolved = resolve(services, channel)
  const { message: schema, codec } = resolved.definition
  const { value, payload } =
    change.remove === undefined ? await validator.value(message, { schema, codec }) : NOTHING
  const appended = await append(
    channel,
    { id, version, data: payload, ...keyed(resolved, value, change) },
    streamOptionsOf(resolved.definition),
  )
  publishedAt(appended, change.expect)
  return appended
}

export async function sendEphemeral(services: Services, channel: string, message: unknown): Promise<void> {
  const { validator, broker } = services
  const { ephemeral: schema } = resolve(services, channel).definition
  if (schema === undefined)
    throw new MillraceError('not-available', { message: `'${channel}' has no ephemeral messages` })
  const { payload } = await validator.value(message, { schema, codec: 'json' })
  await broker.send(channel, { data: payload })
}

export async function history(
  { channels, validator, broker }: Services,
  channel: string,
  range: StreamRange,
): Promise<DecodedHistory> {
  const { definition } = channels.resolve(channel)
  const slice = await broker.read(channel, range, streamOptionsOf(definition))
  const rule = { schema: undefined, codec: definition.codec }
  const publications = readable(slice.publications, '').map((publication) => ({
    ...publication,
    message: validator.read(publication.data, rule),
  }))
  return { position: slice.head, publications }
}

export async function presence(
  { channels, validator, broker }: Services,
  channel: string,
): Promise<readonly DecodedMember[]> {
  channels.resolve(channel)
  const members = await broker.members(channel)
  return members.map(({ session, user, since, data }) => ({
    session,
    user,
    since,
    data: validator.read(data, { schema: undefined, codec: 'json' }),
  }))
}
