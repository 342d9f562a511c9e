/** A server's part in a run: it publishes when it is told to. */
import { now, pause } from '../../common/clock.js'
import {
  type Feed,
  type Message,
  type Published,
  type ServerCommand,
  TURN,
  type Waiting,
} from '../commands.js'

/** How each server publishes, and what it can tell of what waits in it. */
export interface Publisher {
  publish(message: Message): unknown
  /** Bytes that wait for the connection for which most waits; null where that is not to be had. */
  waiting(): number | null
}

let last = 0

/** A message whose JSON has `size` bytes, or as few as it can have when that is more. */
export function messageOf(n: number, at: number, { size, keys }: Feed): Message {
  const bare: Message = { key: `k${n % keys}`, n, at, filler: '' }
  return { ...bare, filler: 'x'.repeat(Math.max(0, size - JSON.stringify(bare).length)) }
}

async function publishFeed(feed: Feed, seconds: number, publish: Publisher['publish']): Promise<Published> {
  const from = now()
  let count = 0
  for (let at = from; at < from + seconds * 1000; at = now()) {
    const due = Math.floor(((at - from) * feed.each) / 1000)
    // All of a turn are sent before any is waited for, as what comes in one packet is.
    const sent: unknown[] = []
    for (; count < due; count++) sent.push(publish(messageOf(++last, now(), feed)))
    await Promise.all(sent)
    await pause(Math.max(1, TURN - (now() - at)))
  }
  return { count }
}

/** How every server carries out what the harness asks. */
export const feeding =
  ({ publish, waiting }: Publisher) =>
  (command: ServerCommand): unknown => {
    switch (command.do) {
      case 'publish':
        return publishFeed(command.feed, command.seconds, publish)
      case 'collect-garbage':
        // There only where Node was started with --expose-gc, as the harness does.
        return (globalThis as { gc?: () => void }).gc?.()
      case 'waiting':
        return { bytes: waiting() } satisfies Waiting
    }
  }
