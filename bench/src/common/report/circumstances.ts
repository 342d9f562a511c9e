/** Where and on what it was measured, and what disturbed it. */
import { type Machine, machineText } from '../../harness/machine.js'
import { percent } from '../../report/format.js'

/** Above this share of a core, other programs may have changed a result. */
const DISTURBED = 0.1

export interface Circumstances {
  readonly machine: Machine
  readonly versions: readonly string[]
  /** Of each thing measured: the share of a core that other programs took. None where that was not watched. */
  readonly others: readonly number[]
  /** Which processes there were and where they ran, where that is not as usual. */
  readonly processes?: string
}

const USUALLY = 'server, proxy and clients are a process each, not pinned'

export function circumstances({ machine, versions, others, processes = USUALLY }: Circumstances): string[] {
  const most = Math.max(0, ...others)
  const warning = most > DISTURBED ? ' Durations may be the longer for it.' : ''
  return [
    `${machineText(machine)}; ${processes}.`,
    `Measured: ${versions.join('; ')}.`,
    ...(others.length === 0 ? [] : [`Other programs took at most ${percent(most)} of a core.${warning}`]),
  ]
}

/** What a server said of itself. */
export const versionText = (version: string, settings: readonly string[]): string =>
  settings.length === 0 ? version : `${version} (${settings.join(', ')})`
