import { type CommandBodies, type CommandOf, MillraceError } from '@millrace/protocol'
import { bodyOf } from '../failures.js'
import { Outgoing } from '../outgoing.js'
import type { Session } from '../session.js'
import type { Services } from './services.js'

/** Whether a call is to wait for its user. */
export const isWaiting = ({ id, ttl, key }: CommandBodies['call']): boolean =>
  (ttl ?? id ?? key) !== undefined

/**
 * A call that waits for its user. It is under way until it is stored; its answer may come a day later, and must not keep the session
 * from being read until then, so it is sent when it is there. [H1.4]
 */
export async function waitingCall(
  services: Services,
  session: Session,
  { id, body }: CommandOf<'call'>,
): Promise<undefined> {
  const { method, data, timeout, to, id: name, ttl, key } = body
  if (ttl === undefined)
    throw new MillraceError('malformed-command', {
      message: 'A call that has an id or a key also says how long it may wait: ttl, in milliseconds',
      field: 'call.ttl',
    })
  const { answer } = await services.command({ session, method, data, timeout, to, id: name, ttl, key })
  if (id === 0) return
  answer.then(
    (data) => session.send(new Outgoing({ id, kind: 'answered', body: { data } })),
    (error: MillraceError) => session.send(new Outgoing({ id, kind: 'error', body: bodyOf(error) })),
  )
}
