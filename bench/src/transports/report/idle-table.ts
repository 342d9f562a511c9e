/** What a connection takes on which nothing is said. */
import { megabytes } from '../../common/report/figures.js'
import { count, figure } from '../../report/format.js'
import { left, right, type Table } from '../../report/table.js'
import { BASE, type Contestant, isSame, titleOf } from '../contestants.js'
import type { IdleSample } from '../idle.js'
import { bytesEach, idleLoad, lossesOf, lostIn } from './derive.js'

const KB = 1024

export function idleTable(samples: readonly IdleSample[], connections: number): Table {
  const to = (own: IdleSample, other: Contestant): string => {
    const sample = samples.find((one) => isSame(one, other))
    if (sample === own) return ''
    return sample === undefined
      ? '–'
      : `${figure(bytesEach(own, 'resident') / bytesEach(sample, 'resident'))} ×`
  }
  return {
    title: `Transports: ${count(connections)} idle connections`,
    columns: [
      left('peer'),
      ...['KB each', 'heap', 'external', 'its WebSocket', 'Socket.IO', 'before MB', 'after MB'].map(right),
      ...['CPU while idle', 'requests/s', 'cut off', 'unreached in the end', 'last reached ms'].map(right),
    ],
    rows: samples.map((sample) => [
      titleOf(sample),
      ...(['resident', 'heap', 'external'] as const).map((kind) => figure(bytesEach(sample, kind) / KB)),
      to(sample, { peer: sample.peer, transport: BASE }),
      to(sample, { peer: 'socket.io', transport: sample.transport }),
      ...[sample.before.resident, sample.after.resident].map(megabytes),
      `${Math.round(idleLoad(sample) * 1000) / 10} %`,
      figure(sample.idle.requests / sample.idle.seconds),
      count(lostIn(sample)),
      count(sample.unreached),
      sample.reachedWithin === null ? '–' : figure(sample.reachedWithin),
    ]),
    notes: [
      ...lossesOf(samples),
      'KB each: resident memory of the server process, and of that JavaScript’s heap and what it holds outside; a kilobyte is 1,024 bytes, garbage is collected before every reading. The kernel’s socket buffers are not in it.',
      'CPU while idle: heartbeats and all, as a share of one core. In the end one message is published to all of them.',
    ],
  }
}
