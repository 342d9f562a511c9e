import { signal } from '@preact/signals'
import type { JSX } from 'preact'

const said = signal({ text: '', count: 0 })

/** Says something to who listens to the page instead of looking at it. */
export function announce(text: string): void {
  said.value = { text, count: said.value.count + 1 }
}

/** Where it is said. The key makes a repeated sentence a new one, so that it is spoken again. */
export const Announcements = (): JSX.Element => (
  <div class="hidden-visually" role="status" aria-live="polite">
    <span key={said.value.count}>{said.value.text}</span>
  </div>
)
