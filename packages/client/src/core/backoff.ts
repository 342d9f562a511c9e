import type { Settings } from './options.js'
import type { Ports } from './ports.js'

export interface BackoffParts {
  readonly settings: Pick<Settings, 'backoff'>
  readonly ports: Pick<Ports, 'clock' | 'random'>
}

/**
 * Full jitter: a random delay below a bound that grows with the time for which it has not worked, `since` on the clock.
 * So what is back is found within about the time it was away, whoever came last included, and who tries in vain tries
 * seldom.
 */
export const backoff = ({ settings, ports }: BackoffParts, since: number): number =>
  ports.random() * Math.min(settings.backoff.cap, Math.max(settings.backoff.base, ports.clock.now() - since))
