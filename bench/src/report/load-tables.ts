/** Tables of fan-out, echo and connect rate: one row per peer and case, with ratios to the peers people choose between. */
import { PEERS, type PeerName } from '../harness/peers.js'
import type { LoadSample, Sample } from '../harness/samples.js'
import { distinct, generatorLoad, perSecond, pick, serverLoad, systemMicros, userMicros } from './derive.js'
import { bytes, count, figure, percent, spread, times } from './format.js'
import { median, ratioOf, spreadOf } from './statistics.js'
import { type Column, left, right, type Table } from './table.js'

/** Above this share of its core the load generator may hold the server back. */
const BUSY = 0.9

const FIGURES = (unit: string): Column[] => [
  right(`${unit}/s`),
  right('ws'),
  right('Socket.IO'),
  right('uWS'),
  right('user µs'),
  right('of ws'),
  right('system µs'),
  right('p50 ms'),
  right('p99 ms'),
  right('server CPU'),
  right('generator CPU'),
]

export const LEGEND = [
  'Columns ws, Socket.IO and uWS: how many times that peer’s rate. “of ws”: user CPU per message, as a multiple of what ws takes.',
  'CPU is the server process’s, per delivered message. Median of the rounds, in parentheses their range.',
  `* The load generator was above ${percent(BUSY)} of its core: the server might have done more; CPU per message stands.`,
]

/** All samples of one case, by peer. */
type Case = (peer: PeerName) => readonly LoadSample[]

/** One row per peer that was measured in this case; `place` are the cells that name the case. */
function rowsOf(place: readonly string[], samplesOf: Case): string[][] {
  return PEERS.flatMap(({ name, title }) => {
    const own = samplesOf(name)
    if (own.length === 0) return []
    const rateTo = (peer: PeerName): string =>
      peer === name ? '' : times(ratioOf(own, samplesOf(peer), perSecond))
    const mid = (value: (sample: LoadSample) => number): number => median(own.map(value))
    const busy = mid(generatorLoad) > BUSY
    return [
      [
        ...place,
        title,
        spread(spreadOf(own.map(perSecond))),
        rateTo('ws'),
        rateTo('socket.io'),
        rateTo('uws'),
        figure(mid(userMicros)),
        name === 'ws' ? '' : times(ratioOf(own, samplesOf('ws'), userMicros)),
        figure(mid(systemMicros)),
        figure(mid((sample) => sample.figures.latency.p50)),
        figure(mid((sample) => sample.figures.latency.p99)),
        percent(mid(serverLoad)),
        `${percent(mid(generatorLoad))}${busy ? ' *' : ''}`,
      ],
    ]
  })
}

function fanOutTable(samples: readonly Sample[], outstanding: number): Table {
  const all = pick(samples, 'fan-out', { outstanding })
  const rows = distinct(all, (one) => one.subscribers).flatMap((subscribers) =>
    distinct(all, (one) => one.size).flatMap((size) =>
      rowsOf([count(subscribers), bytes(size)], (peer) => pick(all, 'fan-out', { subscribers, size, peer })),
    ),
  )
  return {
    title: `Fan-out, ${outstanding} broadcast${outstanding === 1 ? '' : 's'} outstanding`,
    columns: [right('subscribers'), right('payload'), left('peer'), ...FIGURES('messages')],
    rows,
    notes: [],
  }
}

function echoTable(samples: readonly Sample[], inFlight: number): Table {
  const all = pick(samples, 'echo', { inFlight })
  const rows = distinct(all, (one) => one.connections).flatMap((connections) =>
    distinct(all, (one) => one.size).flatMap((size) =>
      rowsOf([count(connections), bytes(size)], (peer) => pick(all, 'echo', { connections, size, peer })),
    ),
  )
  return {
    title: `Echo, ${inFlight} in flight per connection`,
    columns: [right('connections'), right('payload'), left('peer'), ...FIGURES('messages')],
    rows,
    notes: [],
  }
}

function connectTable(samples: readonly Sample[]): Table {
  const all = pick(samples, 'connect', {})
  const rows = distinct(all, (one) => one.atOnce).flatMap((atOnce) =>
    rowsOf([count(atOnce)], (peer) => pick(all, 'connect', { atOnce, peer })),
  )
  return {
    title: 'Connect rate, the first subscription included',
    columns: [right('at once'), left('peer'), ...FIGURES('connections')],
    rows,
    notes: [],
  }
}

function idleChannelsTable(samples: readonly Sample[]): Table {
  const all = pick(samples, 'idle-channels', {})
  const rows = distinct(all, (one) => one.outstanding).flatMap((outstanding) =>
    distinct(all, (one) => one.idleChannels).flatMap((idleChannels) =>
      rowsOf([count(outstanding), count(idleChannels)], (peer) =>
        pick(all, 'idle-channels', { outstanding, idleChannels, peer }),
      ),
    ),
  )
  const subscribers = all[0]?.subscribers ?? 0
  return {
    title: `Fan-out to ${count(subscribers)} subscribers beside idle channels`,
    columns: [right('outstanding'), right('idle channels'), left('peer'), ...FIGURES('messages')],
    rows,
    notes: [],
  }
}

/** Every table for which there are samples. */
export function loadTables(samples: readonly Sample[]): Table[] {
  const tables = [
    ...distinct(pick(samples, 'fan-out', {}), (one) => one.outstanding).map((n) => fanOutTable(samples, n)),
    ...distinct(pick(samples, 'echo', {}), (one) => one.inFlight).map((n) => echoTable(samples, n)),
    connectTable(samples),
    idleChannelsTable(samples),
  ]
  return tables.filter((table) => table.rows.length > 0)
}
