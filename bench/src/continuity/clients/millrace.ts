/** `@millrace/client` with every option as it comes; Node 20 has no WebSocket of its own, so it gets that of `ws`. */
import { createClient } from '@millrace/client'
import { WebSocket } from 'ws'
import type { Message } from '../../common/messages.js'
import type { Join } from './join.js'

export const joinMillrace: Join = async ({ port, channel: name }, ears) => {
  const client = createClient({ url: `ws://127.0.0.1:${port}/millrace`, webSocket: WebSocket })
  client.on('error', (error) => process.stderr.write(`a client: ${error.message}\n`))
  const channel = client.channel(name)
  channel.on('message', (message) => ears.message(message as Message))
  channel.on('gap', () => ears.gap())
  await channel.subscribe()
}
