import type { Departure } from '@millrace/testing/parts'
import type { World } from './world.js'

/** What the server grants a member whose connection is gone, in milliseconds. */
const GRACE = 10_000
/** RFC 6455 §7.4.1: a browser has left the page. */
const GOING_AWAY = 1001

/** Members are who they should be, in the store and on every screen; nobody departed before its time; sessions outlive connections. */
export function judgePresence(world: World): string[] {
  return [
    ...world.channels.flatMap((channel) => judgeMembers(world, channel)),
    ...departures(world).flatMap((departure) => judgeDeparture(departure, world)),
    ...world.people.flatMap(({ name, sessions }) =>
      sessions.size > 1 ? [`${name} had another session after a cut: ${[...sessions].join(', ')}`] : [],
    ),
  ]
}

/** Of people; nodes have a channel of their own. */
const departures = ({ channels, brokers }: World): Departure[] =>
  brokers.store.departures.filter(({ channel }) => channels.includes(channel))

function judgeMembers({ people, brokers }: World, channel: string): string[] {
  const inside = people.filter((person) => person.isMember(channel))
  const expected = named(inside.map(({ client }) => client.session ?? 'nobody'))
  const stored = named([...brokers.store.members(channel).keys()])
  const broken = stored === expected ? [] : [`the members of ${channel} are ${stored}, not ${expected}`]
  for (const { name, shown } of people) {
    const seen = shown.get(channel)
    if (seen !== undefined && named(seen) !== expected)
      broken.push(`${name} sees ${named(seen)} in ${channel}, where ${expected} are`)
  }
  return broken
}

const named = (sessions: readonly string[]): string => sessions.toSorted().join(', ') || 'nobody'

/** The connection by which it was a member must have been gone for the whole of its grace, unless its page has said that it goes. */
function judgeDeparture(departure: Departure, { lives, people }: World): string[] {
  const { at, session, generation, channel } = departure
  const life = lives.find(
    ({ session: { taken } }) => taken.session === session && taken.generation === generation,
  )
  const how = life?.code === undefined ? '' : `, closed with ${life.code},`
  const who = `${session} (connection ${generation}${how}) departed from ${channel} at ${at} ms`
  if (life === undefined) return [`${who} and was never connected`]
  // By a later connection it could have entered again, and did not.
  const isOld = lives.some(
    ({ session: { taken }, startedAt }) =>
      taken.session === session && taken.generation > generation && at - startedAt >= GRACE,
  )
  if (isOld) return []
  const hasLeft = lives.some(
    ({ session: { taken }, code }) => taken.session === session && code === GOING_AWAY,
  )
  // An earlier connection may not have heard of that yet, on a node that stands still.
  if (hasLeft && !people.some(({ sessions }) => sessions.has(session))) return []
  if (departure.isSubscribed) return [`${who} while it was subscribed`]
  // Connected and not subscribed: the broker was away, and it had its grace from then on.
  if (life.endedAt === undefined || life.endedAt > at) return []
  return at - life.endedAt < GRACE ? [`${who}, ${at - life.endedAt} ms after its connection was gone`] : []
}
