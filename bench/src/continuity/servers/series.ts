/** A server's part in a run: it publishes when it is told to. */
import { now, until } from '../../common/clock.js'
import { type Message, message } from '../../common/messages.js'
import type { Series, ServerCommand } from '../commands.js'

/** Publishes one message in a channel. */
export type Publish = (channel: Series['channel'], message: Message) => unknown

async function publishAll(series: Series, publish: Publish): Promise<void> {
  const start = now()
  for (let i = 0; i < series.count; i++) {
    await until(start + i * series.interval)
    await publish(series.channel, message(series.from + i, now(), series.size))
  }
}

/** How every server carries out what the harness asks. */
export const publishing =
  (publish: Publish) =>
  (command: ServerCommand): unknown => {
    switch (command.do) {
      case 'publish':
        return publishAll(command, publish)
      case 'collect-garbage':
        // There only where Node was started with --expose-gc, as the harness does.
        return (globalThis as { gc?: () => void }).gc?.()
    }
  }
