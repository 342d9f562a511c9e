/** What the kernel knows of a connection: whether its server still holds it, and what was sent and nobody has read. */
import { readFileSync } from 'node:fs'

export interface KernelView {
  /** Bytes in the queues of both ends. */
  readonly queued: number
  /** Whether the server has not closed it. */
  readonly isOpen: boolean
}

/** TCP_ESTABLISHED, as /proc/net/tcp writes it. */
const ESTABLISHED = '01'

/** Of a connection between two ports of this machine, from /proc/net/tcp (proc(5)). */
export function viewOf(table: string, server: number, client: number): KernelView {
  let queued = 0
  let isOpen = false
  for (const line of table.split('\n').slice(1)) {
    const [, local = '', remote = '', state, queues = ''] = line.trim().split(/\s+/)
    const [from, to] = [portOf(local), portOf(remote)]
    const [sending = 0, received = 0] = queues.split(':').map((hex) => Number.parseInt(hex, 16))
    if (from === server && to === client) {
      queued += sending
      isOpen = state === ESTABLISHED
    }
    if (from === client && to === server) queued += received
  }
  return { queued, isOpen }
}

const portOf = (address: string): number => Number.parseInt(address.split(':')[1] ?? '', 16)

export const kernelView = (server: number, client: number): KernelView =>
  viewOf(readFileSync('/proc/net/tcp', 'latin1'), server, client)
