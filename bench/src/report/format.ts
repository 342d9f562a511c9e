/** How figures are written. */
import type { Spread } from './statistics.js'

/** Three significant digits, thousands grouped: 1,430,000; 87,300; 41.2; 0.31. */
export function figure(value: number): string {
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(3))
  return rounded.toLocaleString('en', { maximumSignificantDigits: 3 })
}

/** The median, with the range it comes from when there were several rounds. */
export function spread({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`
}

export const times = (ratio: Spread | undefined): string =>
  ratio === undefined ? '–' : `${figure(ratio.median)} ×`

export const percent = (share: number): string => `${Math.round(share * 100)} %`

export const count = (value: number): string => value.toLocaleString('en')

/** 16 B, 100 B, 4 KB. A kilobyte is 1,024 bytes. */
export const bytes = (value: number): string => (value < 1024 ? `${value} B` : `${figure(value / 1024)} KB`)

export const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
