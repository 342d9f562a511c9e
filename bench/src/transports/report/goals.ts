/** What Millrace's transports must reach beside its WebSocket; what others do is their affair. */
import { type Goal, judgeGoal } from '../../common/report/goals.js'
import type { Verdict } from '../../report/targets.js'
import { AUDIENCES } from '../commands.js'
import { BASE, TRANSPORTS, type Transport, transportTitle } from '../contestants.js'
import type { IdleSample } from '../idle.js'
import type { LoadSample } from '../load.js'
import { cpuRatio, loadOf, lostIn } from './derive.js'

/** How many times the CPU of a WebSocket a message by long polling may cost. */
const CPU_RATIO = 4
/** Milliseconds from publication to delivery. */
const WITHIN = 1000

const PEER = 'millrace'

export function verdictsOf(load: readonly LoadSample[], idle: readonly IdleSample[]): Verdict[] {
  const ours = {
    load: load.filter(({ peer }) => peer === PEER),
    idle: idle.filter(({ peer }) => peer === PEER),
  }
  return [
    ...(ours.load.length === 0 ? [] : [...cpuGoals(ours.load), ...deliveryGoals(ours.load)]),
    ...idleGoals(ours.idle),
  ].map(judgeGoal)
}

const cpuGoals = (samples: readonly LoadSample[]): Goal[] =>
  AUDIENCES.flatMap((audience) => {
    const poll = loadOf(samples, { audience }, { peer: PEER, transport: 'poll' })
    const base = loadOf(samples, { audience }, { peer: PEER, transport: BASE })
    if (poll === undefined || base === undefined) return []
    const channels = audience === 'own' ? 'a channel for each client' : 'one channel for all'
    return {
      name: `Long polling, ${channels}: CPU a message to WebSocket’s`,
      atMost: CPU_RATIO,
      unit: '×',
      measured: cpuRatio(poll, base)?.median,
    }
  })

const deliveryGoals = (samples: readonly LoadSample[]): Goal[] =>
  TRANSPORTS.flatMap((transport) => {
    const own = samples.filter((sample) => sample.transport === transport)
    if (own.length === 0) return []
    const latest = own.map(({ latency }) => latency?.max)
    const isHeard = latest.every((one) => one !== undefined)
    return [
      {
        name: `${title(transport)}: the latest message of all`,
        atMost: WITHIN,
        unit: 'ms',
        measured: isHeard ? Math.max(...latest.map(Number)) : undefined,
      },
      {
        name: `${title(transport)}: messages lost, repeated or out of order, gaps, connections cut off`,
        atMost: 0,
        unit: '',
        measured: own.reduce((sum, one) => sum + wrongIn(one), 0),
      },
    ]
  })

const wrongIn = ({ counts, lost }: LoadSample): number =>
  counts.expected - counts.delivered + counts.repeated + counts.disordered + counts.gaps + lostIn({ lost })

const idleGoals = (samples: readonly IdleSample[]): Goal[] =>
  samples.map(({ transport, unreached, lost }) => ({
    name: `${title(transport)}: idle connections cut off, or not reached in the end`,
    atMost: 0,
    unit: '',
    measured: Math.max(unreached, lostIn({ lost })),
  }))

/** At the beginning of a sentence. */
function title(transport: Transport): string {
  const text = transportTitle(transport)
  return text.charAt(0).toUpperCase() + text.slice(1)
}
