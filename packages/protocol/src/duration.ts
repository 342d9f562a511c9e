/** Milliseconds as a number, or a number with a unit: `250ms`, `10s`, `5m`, `24h`, `7d`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** Milliseconds of a duration; NaN for what is none. */
export const parseDuration = (duration: Duration): number =>
  typeof duration === 'number'
    ? duration
    : // A number times a unit that there is not is NaN.
      Number.parseFloat(duration) * (UNITS[String(duration).replace(/^\d+(\.\d+)?/, '')] as number)

/** Milliseconds of a duration. Throws a TypeError that names the option when it is not one. */
export function milliseconds(duration: Duration, option: string): number {
  const ms = parseDuration(duration)
  if (ms >= 0 && Number.isFinite(ms)) return ms
  throw new TypeError(
    `${option} must be milliseconds or a duration like '10s', '5m' or '24h', not ${String(duration)}`,
  )
}
