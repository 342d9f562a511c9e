/** How figures of continuity are written. */
import { figure } from '../../report/format.js'
import type { Counts } from '../judge/delivery.js'

/** Never 100 % when something is missing, however little: rounded down, to the hundredth. */
export function deliveredShare({ delivered, expected }: Counts): string {
  const share = Math.floor((delivered / expected) * 10_000) / 100
  return `${share} %`
}

/** Milliseconds. */
export const ms = (value: number | undefined): string => (value === undefined ? '–' : figure(value))

export const seconds = (value: number | undefined): string =>
  value === undefined ? '–' : figure(value / 1000)

export const megabytes = (bytes: number): string => figure(bytes / 2 ** 20)
