/** A server's part in a run: it publishes when it is told to, and tells what it takes. */
import { now, pause } from '../../common/clock.js'
import { channelOf, EVERYBODY, type Message, message } from '../../common/messages.js'
import { type Audience, type ServerCommand, SIZE, TURN, type Usage } from '../commands.js'

/** Publishes one message in a channel. */
export type Publish = (channel: `bench:${string}`, message: Message) => unknown

/** The number of the newest message in every channel of an audience. */
const newest: Record<Audience, number> = { own: 0, shared: 0 }

async function publishFor(
  { audience, clients, seconds }: Extract<ServerCommand, { do: 'publish' }>,
  publish: Publish,
): Promise<void> {
  const channels = audience === 'own' ? clients : 1
  const before = newest[audience]
  const total = seconds * channels
  const from = now()
  let count = 0
  const publishUntil = async (due: number): Promise<void> => {
    const sent: unknown[] = []
    for (; count < due; count++) {
      const number = before + Math.floor(count / channels) + 1
      const channel = audience === 'own' ? channelOf(count % channels) : EVERYBODY
      sent.push(publish(channel, message(number, now(), SIZE)))
    }
    await Promise.all(sent)
  }
  for (let at = from; at < from + seconds * 1000; at = now()) {
    // The first of all is due at once.
    await publishUntil(Math.min(total, Math.floor(((at - from) / 1000) * channels) + 1))
    await pause(Math.max(1, TURN - (now() - at)))
  }
  // A timer that was late has left some.
  await publishUntil(total)
  newest[audience] = before + seconds
}

function usage(): Usage {
  const { user, system } = process.cpuUsage()
  const { heapUsed: heap, external } = process.memoryUsage()
  return { cpu: { user: user / 1e6, system: system / 1e6 }, heap, external }
}

/** How every server carries out what the harness asks. */
export const feeding =
  (publish: Publish) =>
  (command: ServerCommand): unknown => {
    switch (command.do) {
      case 'publish':
        return publishFor(command, publish)
      case 'collect-garbage':
        // There only where Node was started with --expose-gc, as the harness does.
        return (globalThis as { gc?: () => void }).gc?.()
      case 'usage':
        return usage()
    }
  }
