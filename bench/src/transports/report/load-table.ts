/** What a message costs by each transport, and when it is there. */
import { ms } from '../../common/report/figures.js'
import { count, figure, percent, spread, times } from '../../report/format.js'
import { left, right, type Table } from '../../report/table.js'
import type { Audience } from '../commands.js'
import { BASE, type Contestant, titleOf } from '../contestants.js'
import type { LoadSample } from '../load.js'
import {
  clientsLoad,
  cpuMicros,
  cpuRatio,
  loadOf,
  lossesOf,
  lostIn,
  over,
  requestsPerMessage,
  serverLoad,
  systemMicros,
  unheardOf,
  userMicros,
} from './derive.js'

const AUDIENCE_TITLES: { readonly [A in Audience]: string } = {
  own: 'one for each client',
  shared: 'one for all',
}

export function loadTable(samples: readonly LoadSample[], clients: number): Table {
  /** How many times the CPU of another contestant; nothing beside itself. */
  const to = (own: LoadSample, other: Contestant): string => {
    const sample = loadOf(samples, own, other)
    return sample === own ? '' : times(cpuRatio(own, sample))
  }
  return {
    title: `Transports: a message a second to each of ${count(clients)} clients`,
    columns: [
      left('channels'),
      left('peer'),
      ...['server CPU', 'µs a message', 'user', 'system', 'its WebSocket', 'Socket.IO'].map(right),
      ...['requests a message', 'p50 ms', 'p99 ms', 'max ms', 'lost', 'twice or out of order', 'cut off'].map(
        right,
      ),
      right('clients’ CPU'),
    ],
    rows: samples.map((sample) => [
      AUDIENCE_TITLES[sample.audience],
      titleOf(sample),
      ...[percentOf(over(sample, serverLoad).median), spread(over(sample, cpuMicros))],
      ...[userMicros, systemMicros].map((of) => figure(over(sample, of).median)),
      to(sample, { peer: sample.peer, transport: BASE }),
      to(sample, { peer: 'socket.io', transport: sample.transport }),
      figure(over(sample, requestsPerMessage).median),
      ...[sample.latency?.p50, sample.latency?.p99, sample.latency?.max].map(ms),
      count(sample.counts.expected - sample.counts.delivered),
      count(sample.counts.repeated + sample.counts.disordered),
      count(lostIn(sample)),
      percent(over(sample, clientsLoad).median),
    ]),
    notes: [
      ...lossesOf(samples.filter(({ audience }) => audience === 'own')),
      ...unheardOf(samples.filter(({ audience }) => audience === 'own')),
      'Server CPU is a share of one core; user and system time of the server process, publishing included. Its WebSocket, Socket.IO: how many times the CPU of the same peer by WebSocket, and of Socket.IO by the same transport.',
      'Median of the rounds, in parentheses their range; ratios are taken within each round. Latency is from publication to delivery, of all messages.',
    ],
  }
}

/** To the tenth: these loads are small. */
const percentOf = (share: number): string => `${Math.round(share * 1000) / 10} %`
