import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'

/**
 * Says whether somebody may open a socket, by the address he comes from: with what is to be told when it has gone, with null where nothing is, or
 * with undefined for who may not.
 */
export type SocketDoor = (address: string) => (() => void) | null | undefined

/** Lets `take` have the sockets that a server has accepted, before the server knows of them, to `pass` them on or not. */
export function interceptSockets(
  server: EventEmitter,
  take: (socket: Socket, pass: (socket: Socket) => void) => void,
): void {
  const { emit } = server
  const pass = (socket: Socket): void => void emit.call(server, 'connection', socket)
  const intercepting: typeof emit = (event, ...args) => {
    if (event !== 'connection') return emit.call(server, event, ...args)
    take(args[0], pass)
    return true
  }
  server.emit = intercepting
}

/** Ends the sockets that may not be open, before anything is read of them: there is nothing yet that could be answered. [H11.9] */
export function admitSockets(server: EventEmitter, door: SocketDoor): void {
  interceptSockets(server, (socket, pass) => {
    const leave = door(socket.remoteAddress ?? '')
    if (leave === undefined) {
      socket.destroy()
      return
    }
    if (leave !== null) socket.once('close', leave)
    pass(socket)
  })
}
