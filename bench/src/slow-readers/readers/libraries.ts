/** Each library, as applications use it. */
import { once } from 'node:events'
import type { Library, Message } from '../commands.js'
import type { Join } from './join.js'

/** Loads no other library than the one that is measured. */
export const JOINS: { readonly [L in Library]: () => Promise<Join> } = {
  async millrace() {
    const { createClient } = await import('@millrace/client')
    const { WebSocket } = await import('ws')
    const { MILLRACE_CHANNEL } = await import('../../generator/millrace-dialect.js')
    return async (port, ears) => {
      const client = createClient({ url: `ws://127.0.0.1:${port}/millrace`, webSocket: WebSocket })
      const channel = client.channel(MILLRACE_CHANNEL)
      channel.on('message', (message, { skipped }) => {
        ears.skipped(skipped)
        ears.message(message as Message)
      })
      await channel.subscribe()
      return { leave: () => client.close() }
    }
  },
  async ws() {
    const { WebSocket } = await import('ws')
    return async (port, ears) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/subscriber`)
      socket.on('message', (data) => ears.message(JSON.parse(String(data)) as Message))
      await once(socket, 'open')
      return { leave: () => socket.terminate() }
    }
  },
  async 'socket.io'() {
    const { io } = await import('socket.io-client')
    return async (port, ears) => {
      const socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'] })
      socket.on('message', (message: Message) => ears.message(message))
      await new Promise<void>((resolve) => socket.on('connect', resolve))
      return { leave: () => void socket.disconnect() }
    }
  },
}
