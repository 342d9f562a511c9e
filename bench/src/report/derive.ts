/** Figures per message, from the sums of a window. */

import type { PeerName } from '../harness/peers.js'
import type { LoadSample, MemorySample, Sample } from '../harness/samples.js'

export const perSecond = ({ figures }: LoadSample): number => figures.count / figures.seconds
export const userMicros = ({ figures }: LoadSample): number => (figures.server.user / figures.count) * 1e6
export const systemMicros = ({ figures }: LoadSample): number => (figures.server.system / figures.count) * 1e6
export const cpuMicros = (sample: LoadSample): number => userMicros(sample) + systemMicros(sample)

/** Share of one core. */
export const serverLoad = ({ figures }: LoadSample): number =>
  (figures.server.user + figures.server.system) / figures.seconds
export const generatorLoad = ({ figures }: LoadSample): number =>
  (figures.generator.user + figures.generator.system) / figures.seconds

export const othersLoad = ({ figures }: LoadSample): number => figures.others / figures.seconds

export const bytesPerConnection = (sample: MemorySample): number =>
  (sample.after - sample.before) / sample.connections

type OfScenario<N extends Sample['scenario']> = Extract<Sample, { scenario: N }>

/** The samples of a scenario and a peer with the given settings. */
export function pick<N extends Sample['scenario']>(
  samples: readonly Sample[],
  scenario: N,
  where: Partial<OfScenario<N>> & { readonly peer?: PeerName },
): OfScenario<N>[] {
  const wanted = Object.entries(where)
  return samples.filter((sample): sample is OfScenario<N> => {
    const fields = sample as unknown as Readonly<Record<string, unknown>>
    return sample.scenario === scenario && wanted.every(([name, value]) => fields[name] === value)
  })
}

/** The distinct values of a setting, ascending. */
export const distinct = <S>(samples: readonly S[], setting: (sample: S) => number): number[] =>
  [...new Set(samples.map(setting))].sort((a, b) => a - b)
