import {
  type Api,
  type CodeName,
  type Duration,
  MillraceError,
  milliseconds,
  type Target,
} from '@millrace/protocol'
import type { Hub, Session, User } from './hub/index.js'
import type { CommandOptions, PeerCallOptions, Peers, SessionInfo, UserPeers } from './millrace.js'

export const infoOf = (session: Session): SessionInfo<User> => ({
  session: session.id,
  user: session.user as User,
})

/** The sessions of a target: those on this node, but for calls, which find it on any. */
export function peersOf(hub: Hub, target: Target): Peers<Api, User> {
  const sessionsIn = (directory: Hub['directory']): readonly Session[] => {
    if (target.session === undefined) return directory.ofUser(target.user ?? '')
    const session = directory.session(target.session)
    return session === undefined ? [] : [session]
  }
  const find = (): readonly Session[] => sessionsIn(hub.directory)
  /** What is taken away is taken from those who only read as well. [P9.17] */
  const all = (): readonly Session[] => [...find(), ...sessionsIn(hub.readers)]
  return {
    sessions: () => find().map(infoOf),
    subscribe: async (channel) => {
      const fresh = find().filter((session) => !session.subscriptions.has(channel))
      await Promise.all(fresh.map((session) => hub.subscribe(session, channel)))
    },
    unsubscribe: async (channel, reason) => {
      const why = new MillraceError('disconnected', { message: reason })
      const subscribed = all().filter((session) => session.subscriptions.has(channel))
      await Promise.all(subscribed.map((session) => hub.unsubscribe(session, channel, why)))
    },
    call: async (method: string, request: unknown, options: PeerCallOptions = {}): Promise<never> => {
      await hub.start()
      const timeout = optional(options.timeout, 'timeout')
      return (await hub.handlers.callTarget(target, { method, request, timeout })) as never
    },
    disconnect: (reason, code: CodeName = 'disconnected') => {
      const ended = hub.disconnections.disconnect(target, { code, reason })
      // Here it is done; who does not look at what became of it elsewhere need not catch it.
      ended.catch(() => {})
      return ended
    },
  }
}

/** The sessions of a user, and what waits for the user. */
export const userPeersOf = (hub: Hub, user: string): UserPeers<Api, User> => ({
  ...peersOf(hub, { user }),
  command: async (method: string, request: unknown, options: CommandOptions = {}): Promise<never> => {
    const { key, id } = options
    for (const [option, value = '.'] of Object.entries({ key, id }))
      if (value === '' || value.length > MOST_NAME)
        throw new TypeError(`${option} must have 1 to ${MOST_NAME} characters, not ${value.length}`)
    await hub.start()
    const [ttl, timeout] = [optional(options.ttl, 'ttl'), optional(options.timeout, 'timeout')]
    return (await hub.commands.ask(user, { method, request, ttl, key, id, timeout })) as never
  },
  commands: async () => {
    await hub.start()
    return hub.commands.list(user)
  },
  cancel: async (id) => {
    await hub.start()
    return hub.commands.cancel(user, id)
  },
})

/** As on the wire. [P3.10] */
const MOST_NAME = 255

const optional = (duration: Duration | undefined, option: string): number | undefined =>
  duration === undefined ? undefined : milliseconds(duration, option)
