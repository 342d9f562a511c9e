import type { Figures } from '../generator/measure.js'
import { median } from '../report/statistics.js'
import type { CpuTime } from './proc.js'

/** Several windows as one: sums, and the median of the windows' latencies. Throws for none. */
export function pool(windows: readonly Figures[]): Figures {
  const [first] = windows
  if (first === undefined) throw new Error('There is nothing to pool')
  const sum = (of: (figures: Figures) => number): number => windows.reduce((total, one) => total + of(one), 0)
  const middle = (of: (figures: Figures) => number): number => median(windows.map(of))
  const cpu = (of: (figures: Figures) => CpuTime): CpuTime => ({
    user: sum((one) => of(one).user),
    system: sum((one) => of(one).system),
  })
  return {
    seconds: sum(({ seconds }) => seconds),
    count: sum(({ count }) => count),
    server: cpu(({ server }) => server),
    generator: cpu(({ generator }) => generator),
    others: sum(({ others }) => others),
    latency: {
      p50: middle(({ latency }) => latency.p50),
      p99: middle(({ latency }) => latency.p99),
      samples: sum(({ latency }) => latency.samples),
    },
  }
}
