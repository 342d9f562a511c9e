import type { JSX } from 'preact'

/** What it needs of a client's state; the client's own states fit. */
interface LinkState {
  readonly name: 'connecting' | 'connected' | 'degraded' | 'reconnecting' | 'offline' | 'closed'
}

type Mood = 'good' | 'busy' | 'bad'
const WORDS = {
  connecting: ['busy', 'Connecting'],
  connected: ['good', 'Connected'],
  degraded: ['busy', 'Slow connection'],
  reconnecting: ['busy', 'Reconnecting'],
  offline: ['bad', 'Offline'],
  closed: ['bad', 'Disconnected'],
} as const satisfies Record<LinkState['name'], readonly [Mood, string]>

/** A dot and a word. */
export function LinkStatus({ state }: { readonly state: LinkState }): JSX.Element {
  const [mood, words] = WORDS[state.name]
  return (
    <span class={`link link--${mood}`}>
      <span class="link__dot" aria-hidden="true" />
      {words}
    </span>
  )
}
