import type { JSX } from 'preact'

/** Icons on a 24 grid, drawn with one stroke width. They say nothing by themselves: words or labels stand beside them. */
const PATHS = {
  chat: 'M5 5h14a1.5 1.5 0 0 1 1.5 1.5v9A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5v-9A1.5 1.5 0 0 1 5 5Z',
  send: 'M4.5 12 4 5l16 7-16 7 .5-7Zm0 0H12',
  close: 'm6 6 12 12M18 6 6 18',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  checks: 'm2.5 12.5 4 4L15 8m-4.2 7.2 1.7 1.3L21 8',
  clock: 'M12 7.5V12l3 2m5.5-2a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0Z',
  alert: 'M12 8v5m0 3.2v.1M12 3.5 21 19.5H3L12 3.5Z',
  sun: 'M12 3v2m0 14v2M3 12h2m14 0h2M5.6 5.6 7 7m10 10 1.4 1.4M18.4 5.6 17 7M7 17l-1.4 1.4M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  contrast: 'M12 3.5v17m0-17a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Z',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  forward: 'M9.5 5.5 16 12l-6.5 6.5',
  arrow: 'M4.5 12h15m-6-6 6 6-6 6',
  down: 'M12 5v14m-6-6 6 6 6-6',
  fold: 'm5.5 9 6.5 6.5L18.5 9',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8Zm-7.5 8a7.5 7.5 0 0 1 15 0',
  people:
    'M9 11.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 19.5a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4m2.5 3a6.5 6.5 0 0 1 3 5.3',
  keyboard:
    'M4 6.5h16a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1Zm3 4h.1m3.3 0h.1m3.4 0h.1m3 0h.1M8 14h8',
  bag: 'M5.5 8.5h13l1 12h-15l1-12Zm3 3V7a3.5 3.5 0 0 1 7 0v4.5',
  bolt: 'M13 3.5 5 13.5h6l-1 7 8-10h-6l1-7Z',
  swap: 'M4 8.5h15m-4-4 4 4-4 4M20 15.5H5m4-4-4 4 4 4',
  archive: 'M4 5h16v4H4V5Zm1.5 4v10h13V9M10 13h4',
  hand: 'M4.5 12.5 9 17l10.5-10.5',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm12.5 0a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  windows: 'M3.5 5.5h11v9h-11v-9Zm5 9v4h12v-9h-6',
  inbox: 'M3.5 13.5 6 5.5h12l2.5 8v5h-17v-5Zm0 0h5a3.5 3.5 0 0 0 7 0h5',
  globe:
    'M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0Zm-17 0h17M12 3.5c2.5 2.3 3.8 5.1 3.8 8.5s-1.3 6.2-3.8 8.5c-2.5-2.3-3.8-5.1-3.8-8.5S9.5 5.8 12 3.5Z',
} as const

export type IconName = keyof typeof PATHS

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }): JSX.Element {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.75"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[name]} />
      {name === 'contrast' && <path d="M12 3.5a8.5 8.5 0 0 1 0 17Z" fill="currentColor" />}
    </svg>
  )
}

/** Millrace's mark: a wheel in running water. */
export function Mark({ size = 28 }: { readonly size?: number }): JSX.Element {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" fill="none" aria-hidden="true" focusable="false">
      <circle cx="16" cy="13" r="9.5" stroke="currentColor" stroke-width="2.5" />
      <path
        d="M16 3.5v19M7.77 8.25l16.46 9.5M24.23 8.25 7.77 17.75"
        stroke="currentColor"
        stroke-width="1.75"
      />
      <path
        d="M2.5 28c2.25-2 4.5-2 6.75 0s4.5 2 6.75 0 4.5-2 6.75 0 4.5 2 6.75 0"
        stroke="var(--accent)"
        stroke-width="2.5"
        stroke-linecap="round"
      />
    </svg>
  )
}
