/** `socket.io-client` with every option as it comes: long polling first, then a WebSocket. */
import { io } from 'socket.io-client'
import type { Message } from '../../common/messages.js'
import type { Join } from './join.js'

/** `tellsGaps`: whether a connection after the first that recovered nothing counts as a gap that was told. */
export const joinSocketIo =
  (tellsGaps: boolean): Join =>
  ({ port, channel }, ears) =>
    new Promise((resolve) => {
      let connections = 0
      const socket = io(`http://127.0.0.1:${port}`, { auth: { channel } })
      socket.on('message', (message: Message) => ears.message(message))
      socket.on('connect', () => {
        if (connections++ > 0 && tellsGaps && !socket.recovered) ears.gap()
        resolve()
      })
    })
