import type { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { interceptSockets } from './accepted-sockets.js'
import { endsSilent } from './http-server.js'

/** Milliseconds that handshakes may take in one turn of the event loop. */
const MOST = 1

/**
 * Has a server begin with a connection when its first bytes are there, and then in turns: of TLS, what a client says first has the server make its
 * keys and sign, which takes up to a millisecond of a processor; of HTTP it takes a tenth; and a thousand clients may say it at once. So of them as many begin in a turn of
 * the event loop as a millisecond has time for, one at least, in the order in which they came. Who says nothing is gone after so many milliseconds,
 * and has cost nothing but a socket. Gives what ends those that have not begun. [E38]
 */
export function beginInTurns(server: EventEmitter, silentWithin: number): () => void {
  const turns = new BeginTurns()
  const watch = endsSilent(silentWithin)
  const early = new Set<Socket>()
  function forget(this: Socket): void {
    early.delete(this)
  }
  interceptSockets(server, (socket, pass) => {
    watch(socket)
    early.add(socket)
    socket.on('close', forget)
    // Until it has begun, a socket that dies is ours to hear of.
    socket.on('error', ignore)
    // What has come stays where it is: TLS, or HTTP, takes it from there.
    socket.once('readable', () => {
      if (socket.readableLength === 0) socket.destroy()
      else
        turns.add(() => {
          early.delete(socket)
          socket.off('close', forget)
          socket.off('error', ignore)
          if (!socket.destroyed) pass(socket)
        })
    })
  })
  return () => {
    for (const socket of early) socket.destroy()
  }
}

const ignore = (): void => {}

/** Begins with as many as there is time for in each turn. */
class BeginTurns {
  readonly #waiting: (() => void)[] = []
  #isOpen = false

  add(begin: () => void): void {
    this.#waiting.push(begin)
    if (this.#isOpen) return
    this.#isOpen = true
    setImmediate(this.#turn)
  }

  readonly #turn = (): void => this.#begin(performance.now() + MOST)

  #begin(deadline: number): void {
    this.#waiting.shift()?.()
    // What has come is read in the next tick, which is before this.
    process.nextTick(() => {
      if (this.#waiting.length === 0) this.#isOpen = false
      else if (performance.now() < deadline) this.#begin(deadline)
      else setImmediate(this.#turn)
    })
  }
}
