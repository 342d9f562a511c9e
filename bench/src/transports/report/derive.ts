/** Figures of a contestant, from its windows and readings; and how many times another's they are. */

import { count, figure } from '../../report/format.js'
import { ratioOf, type Spread, spreadOf } from '../../report/statistics.js'
import type { Lost } from '../commands.js'
import { type Contestant, isSame, peerTitle, titleOf, transportTitle } from '../contestants.js'
import type { IdleSample } from '../idle.js'
import type { LoadSample, LoadWindow } from '../load.js'

/** Microseconds of the server for each message. */
export const userMicros = ({ server, messages }: LoadWindow): number => (server.user / messages) * 1e6
export const systemMicros = ({ server, messages }: LoadWindow): number => (server.system / messages) * 1e6
export const cpuMicros = (window: LoadWindow): number => userMicros(window) + systemMicros(window)

/** Shares of one core. */
export const serverLoad = ({ server, seconds }: LoadWindow): number => (server.user + server.system) / seconds
export const clientsLoad = ({ clients, seconds }: LoadWindow): number => clients / seconds
export const idleLoad = ({ idle }: IdleSample): number =>
  (idle.server.user + idle.server.system) / idle.seconds

export const requestsPerMessage = ({ requests, messages }: LoadWindow): number => requests / messages

/** Over the rounds. */
export const over = ({ windows }: LoadSample, of: (window: LoadWindow) => number): Spread =>
  spreadOf(windows.map(of))

/** Of the same case, the one of that peer and transport. */
export const loadOf = (
  samples: readonly LoadSample[],
  { audience }: Pick<LoadSample, 'audience'>,
  contestant: Contestant,
): LoadSample | undefined => samples.find((one) => one.audience === audience && isSame(one, contestant))

/** How many times the other's CPU; undefined when that was not measured. */
export const cpuRatio = (own: LoadSample, other: LoadSample | undefined): Spread | undefined =>
  other === undefined ? undefined : ratioOf(own.windows, other.windows, cpuMicros)

export const lostIn = ({ lost }: { readonly lost: Lost }): number =>
  Object.values(lost).reduce((sum, one) => sum + one, 0)

/** Sentences on why connections ended. */
export const lossesOf = (samples: readonly (Contestant & { readonly lost: Lost })[]): string[] =>
  samples.flatMap((sample) =>
    Object.entries(sample.lost).map(
      ([reason, clients]) => `Cut off, ${titleOf(sample)}: ${count(clients)} × ${reason}.`,
    ),
  )

/** Sentences on what publications take that nobody hears, and on ratios without that. `samples` are those of own channels. */
export const unheardOf = (samples: readonly LoadSample[]): string[] =>
  samples.flatMap((base) => {
    const { peer, unheard } = base
    if (unheard === undefined) return []
    const delivery = (sample: LoadSample): number => over(sample, cpuMicros).median - unheard
    const ratios = samples
      .filter((one) => one.peer === peer && one !== base)
      .map((one) => `${transportTitle(one.transport)} ${figure(delivery(one) / delivery(base))} ×`)
    const rest = ratios.length === 0 ? '' : `; without that, to its WebSocket: ${ratios.join(', ')}`
    return [`A publication that nobody hears takes ${figure(unheard)} µs with ${peerTitle(peer)}${rest}.`]
  })

type Kind = 'resident' | 'heap' | 'external'

/** Bytes for each connection. */
export const bytesEach = ({ before, after, connections }: IdleSample, kind: Kind): number =>
  (after[kind] - before[kind]) / connections
