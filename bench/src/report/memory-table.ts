/** Idle memory per connection. */
import { PEERS } from '../harness/peers.js'
import type { Sample } from '../harness/samples.js'
import { bytesPerConnection, distinct, pick } from './derive.js'
import { count, figure, spread, times } from './format.js'
import { median, ratioOf, spreadOf } from './statistics.js'
import { left, right, type Table } from './table.js'

const KB = 1024
const MB = 1024 * 1024

export function memoryTable(samples: readonly Sample[]): Table | undefined {
  const all = pick(samples, 'memory', {})
  if (all.length === 0) return undefined
  const rows = distinct(all, (one) => one.connections).flatMap((connections) =>
    PEERS.flatMap(({ name, title }) => {
      const own = pick(all, 'memory', { connections, peer: name })
      if (own.length === 0) return []
      const to = (peer: typeof name): string =>
        peer === name
          ? ''
          : times(ratioOf(own, pick(all, 'memory', { connections, peer }), bytesPerConnection))
      return [
        [
          count(connections),
          title,
          spread(spreadOf(own.map((one) => bytesPerConnection(one) / KB))),
          to('ws'),
          to('socket.io'),
          to('uws'),
          figure(median(own.map((one) => one.before / MB))),
          figure(median(own.map((one) => one.after / MB))),
        ],
      ]
    }),
  )
  return {
    title: 'Idle memory',
    columns: [
      right('connections'),
      left('peer'),
      right('KB each'),
      right('ws'),
      right('Socket.IO'),
      right('uWS'),
      right('before MB'),
      right('after MB'),
    ],
    rows,
    notes: [
      'Resident memory of the server process; a kilobyte is 1,024 bytes. The kernel’s socket buffers are not in it.',
    ],
  }
}
