import type { Command, CommandKind } from '@millrace/protocol'
import { MillraceError } from '@millrace/protocol'
import type { MaybePromise } from '../ports.js'
import type { Reply, Session } from '../session.js'
import { history } from './history.js'
import { enterCommand, leavePresence, readPresence } from './presence.js'
import { ephemeral, publish } from './publish.js'
import { refresh } from './refresh.js'
import type { Handler, Services } from './services.js'
import { subscribe, unsubscribe } from './subscribe.js'
import { isWaiting, waitingCall } from './waiting-call.js'

const call: Handler<'call'> = async (services, session, { method, data, timeout, to }) => ({
  kind: 'answered',
  body: { data: await services.call({ session, method, data, timeout, to }) },
})

const answer: Handler<'answer'> = (services, session, body) => {
  services.calls.answered(session, body)
  return undefined
}

/** Every command but connect, which a session handles itself. */
const HANDLERS: { readonly [K in Exclude<CommandKind, 'connect'>]: Handler<K> } = {
  subscribe,
  unsubscribe,
  publish,
  ephemeral,
  history,
  presence: readPresence,
  enter: enterCommand,
  leave: leavePresence,
  call,
  answer,
  ping: () => ({ kind: 'pong', body: {} }),
  pong: () => undefined,
  refresh,
}

export function execute(
  services: Services,
  session: Session,
  command: Command,
): MaybePromise<Reply | undefined> {
  if (command.kind === 'connect') throw new MillraceError('already-connected')
  if (command.kind === 'call' && isWaiting(command.body)) return waitingCall(services, session, command)
  // The table pairs each kind with its body; the compiler cannot follow that through the union.
  const handler = HANDLERS[command.kind] as Handler<typeof command.kind>
  return handler(services, session, command.body as never)
}
